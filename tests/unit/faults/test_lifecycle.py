"""Faults of how processes start and end, against a system that obeys, or that only says so."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pytest

from harness.errors import HarnessError
from harness.faults import lifecycle, process
from harness.faults.lifecycle import CrashLoop, SlowStart, SlowStop, UngracefulStop
from harness.protocols import Hindered, Hindrance
from harness.verdict import Status
from tests.unit.fakes import FakeSystem
from tests.unit.faults.judged import judged

HINDRANCES = [SlowStart("web"), SlowStop("web"), UngracefulStop("web")]


@dataclass
class Lively(FakeSystem):
    """Each start has another pid; each look at a hindrance is after one more instance met it."""

    starts: Counter[str] = field(default_factory=Counter)
    active: set[Hindrance] = field(default_factory=set)
    met: int = 0
    stuck: int = 0

    def pid(self, name: str) -> int | None:
        return None if name in self.dead else 1000 + self.starts[name]

    def revive(self, name: str) -> None:
        if name in self.dead:
            self.starts[name] += 1
            self.dead.discard(name)

    def hinder(self, service: str, how: Hindrance, delay_s: float) -> None:
        self.active.add(how)

    def unhinder(self, service: str, how: Hindrance) -> None:
        self.active.remove(how)

    def hindered(self, service: str, how: Hindrance) -> Hindered:
        self.met += how in self.active and not self.deaf
        return Hindered(self.met, self.stuck)


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "PROOF_TIMEOUT_S", 0.2)
    for module in (lifecycle, process):
        monkeypatch.setattr(module, "HEAL_TIMEOUT_S", 0.05)


def test_an_instance_that_dies_again_and_again_is_in_a_loop() -> None:
    system = Lively()
    with CrashLoop("web", up_s=0.001).inject(system) as effect:
        assert effect.bites().seen
    assert effect.heals().seen
    assert not system.dead


def test_one_that_died_once_is_in_none() -> None:
    with CrashLoop("web", up_s=60.0).inject(Lively()) as effect:
        bit = effect.bites()
    assert not bit.seen
    assert bit.by.startswith("1 processes")


def test_one_that_does_not_come_back_is_not_healed() -> None:
    system = Lively()
    with CrashLoop("web", up_s=0.001).inject(system) as effect:
        pass
    system.dead.add("web-2-1")
    assert not effect.heals().seen


def test_one_that_is_retired_meanwhile_is_left_alone() -> None:
    system = Lively()
    with CrashLoop("worker", up_s=0.001).inject(system) as effect:
        assert effect.bites().seen
        system.remove("worker-3-1")
    assert "retired" in effect.heals().by


@pytest.mark.parametrize("fault", HINDRANCES, ids=lambda fault: type(fault).__name__)
def test_a_hindrance_bites_and_heals(fault: SlowStart | SlowStop | UngracefulStop) -> None:
    with fault.inject(system := Lively()) as effect:
        assert effect.bites().seen
        assert system.active == {fault.how}
    assert effect.heals().seen
    assert not system.active


@pytest.mark.parametrize("fault", HINDRANCES, ids=lambda fault: type(fault).__name__)
def test_one_that_is_still_held_back_is_not_healed(fault: SlowStart | SlowStop | UngracefulStop) -> None:
    with fault.inject(Lively(stuck=1)) as effect:
        pass
    assert not effect.heals().seen


@pytest.mark.parametrize("fault", [CrashLoop("web"), *HINDRANCES], ids=lambda fault: type(fault).__name__)
def test_where_it_meets_nobody_the_verdict_is_unknown(fault: CrashLoop | SlowStart) -> None:
    assert judged(fault, Lively(deaf=True)).status is Status.UNKNOWN


@pytest.mark.parametrize("make", [SlowStart, SlowStop])
def test_no_delay_is_refused(make: type[SlowStart | SlowStop]) -> None:
    with pytest.raises(ValueError, match="delay_s must be more than 0"):
        make("web", 0.0)


def test_who_is_not_there_cannot_loop() -> None:
    with pytest.raises(HarnessError, match="no instance or service"), CrashLoop("nobody").inject(Lively()):
        pass
