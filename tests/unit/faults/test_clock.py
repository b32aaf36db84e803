"""Faults of clocks, against clocks that obey, or that only say so."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from harness.errors import InvalidInput
from harness.faults import clock
from harness.faults.clock import ClockJump, ClockSkew
from harness.protocols import Provisions
from harness.verdict import Status
from tests.unit.fakes import FakeSystem
from tests.unit.faults.judged import judged

FAULTS = [ClockSkew("web", 30.0), ClockSkew("web", -5.0), ClockJump("web", 60.0, 0.001)]


@dataclass
class Clocks(FakeSystem):
    offsets_s: dict[str, float] = field(default_factory=dict)
    stays: bool = False

    def set_clock(self, name: str, offset_s: float) -> None:
        if not self.deaf and not (self.stays and offset_s == 0):
            self.offsets_s[name] = offset_s

    def clock_offset_s(self, name: str) -> float:
        return self.offsets_s.get(name, 0.0) + 0.03


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "PROOF_TIMEOUT_S", 0.3)
    monkeypatch.setattr(clock, "HEAL_TIMEOUT_S", 0.02)
    monkeypatch.setattr(clock, "POLL_S", 0.001)


each = pytest.mark.parametrize("fault", FAULTS, ids=repr)


@each
def test_it_bites_and_heals(fault: ClockSkew | ClockJump) -> None:
    with fault.inject(system := Clocks()) as effect:
        bit = effect.bites()
        assert bit.seen, bit.by
    assert effect.heals().seen
    assert system.offsets_s == {"web-2-1": 0.0}


@each
def test_a_clock_that_does_not_obey_makes_the_verdict_unknown(fault: ClockSkew | ClockJump) -> None:
    assert judged(fault, Clocks(deaf=True)).status is Status.UNKNOWN


@each
def test_a_clock_that_stays_wrong_is_not_healed(fault: ClockSkew | ClockJump) -> None:
    with fault.inject(Clocks(stays=True)) as effect:
        assert effect.bites().seen
    assert not effect.heals().seen


def test_an_instance_that_is_retired_meanwhile_needs_no_clock() -> None:
    system = Clocks()
    with ClockSkew("web").inject(system) as effect:
        system.remove("web-2-1")
    assert "retired" in effect.heals().by


def test_it_needs_clocks_from_the_beginning() -> None:
    assert ClockJump("web").provisions == Provisions(clocks=True)


@pytest.mark.parametrize("make", [lambda: ClockSkew("web", 0.4), lambda: ClockJump("web", -0.9)])
def test_what_could_not_be_seen_is_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(InvalidInput, match="must be more than 1 s ahead or behind"):
        make()
