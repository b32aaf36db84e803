"""Faults of what processes need from their machine, against one that obeys, or that only says so."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from harness.faults import machine
from harness.faults.machine import CpuHog, MemoryHog, OutOfFiles
from harness.protocols import OpenFiles, Taken
from harness.verdict import Status
from tests.unit.fakes import FakeSystem
from tests.unit.faults.judged import judged

HOGS = [CpuHog(0.5), MemoryHog(64)]


@dataclass
class Hog:
    """Has a little more at each look, up to what it was told."""

    most: Taken
    share: float = 0.0
    undying: bool = False

    def taken(self) -> Taken:
        self.share = min(1.0, self.share + 0.5)
        return Taken(self.most.cpu_s * self.share, self.most.memory_mb * self.share)

    def end(self) -> None:
        if not self.undying:
            self.most = Taken(0.0, 0.0)


@dataclass
class Machine(FakeSystem):
    most: dict[str, int] = field(default_factory=dict)
    next: int = 7
    undying: bool = False

    def open_files(self, name: str) -> OpenFiles:
        return OpenFiles(self.next, self.most.get(name, 1024))

    def limit_files(self, name: str, most: int) -> None:
        if not self.deaf:
            self.most[name] = most

    def ready(self, name: str) -> bool:
        return super().ready(name) and not self.open_files(name).exhausted

    def crowd(self, cpus: float, memory_mb: int) -> Hog:
        return Hog(Taken(0.0, 0.0) if self.deaf else Taken(cpus, memory_mb), undying=self.undying)


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PROOF_TIMEOUT_S", "HEAL_TIMEOUT_S"):
        monkeypatch.setattr(machine, name, 0.1)


def test_an_instance_without_files_is_proven_and_has_them_again() -> None:
    system = Machine()
    with OutOfFiles("web").inject(system) as effect:
        assert not system.ready("web-2-1")
        assert effect.bites().seen
    assert effect.heals().seen
    assert system.most == {"web-2-1": 1024}


def test_one_with_files_to_spare_has_not_run_out() -> None:
    system = Machine()
    with OutOfFiles("web", spare=3).inject(system) as effect:
        assert not effect.bites().seen
        system.next = 10
        assert effect.bites().seen


def test_one_that_had_none_before_proves_nothing() -> None:
    system = Machine(most={"web-2-1": 7})
    with OutOfFiles("web").inject(system) as effect:
        assert not effect.bites().seen


def test_one_whose_limit_stays_is_not_healed() -> None:
    system = Machine()
    with OutOfFiles("web").inject(system) as effect:
        pass
    system.most["web-2-1"] = 100
    assert not effect.heals().seen


@pytest.mark.parametrize("fault", HOGS, ids=lambda fault: type(fault).__name__)
def test_a_hog_bites_and_heals(fault: CpuHog | MemoryHog) -> None:
    with fault.inject(Machine()) as effect:
        assert effect.bites().seen
    assert effect.heals().seen


@pytest.mark.parametrize("fault", HOGS, ids=lambda fault: type(fault).__name__)
def test_a_hog_that_stays_is_not_healed(fault: CpuHog | MemoryHog) -> None:
    with fault.inject(Machine(undying=True)) as effect:
        assert effect.bites().seen
    assert not effect.heals().seen


@pytest.mark.parametrize("fault", [OutOfFiles("web"), *HOGS], ids=lambda fault: type(fault).__name__)
def test_where_nothing_is_taken_the_verdict_is_unknown(fault: OutOfFiles | CpuHog | MemoryHog) -> None:
    assert judged(fault, Machine(deaf=True)).status is Status.UNKNOWN


def test_what_would_take_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="cpus must be more than 0"):
        CpuHog(0.0)
    with pytest.raises(ValueError, match="memory_mb must be more than 0"):
        MemoryHog(0)
    with pytest.raises(ValueError, match="spare must be 0 or more"):
        OutOfFiles("web", -1)
