"""Faults of what processes need from their machine: file descriptors, processors, memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from harness.bounds import not_negative, positive
from harness.faults.process import HEAL_TIMEOUT_S, find, retired, stands
from harness.protocols import (
    Account,
    Crowded,
    Effect,
    FilesLimitable,
    Instance,
    OpenFiles,
    Pressure,
    Proof,
    System,
)
from harness.waiting import until

PROOF_TIMEOUT_S = 10.0
POLL_S = 0.05


# ── file descriptors ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Exhausted(Effect):
    system: System
    limitable: FilesLimitable
    instance: Instance
    before: OpenFiles

    def bites(self) -> Proof:
        """Its limit is a lower one than it was, and was seen to be reached."""
        name = self.instance.name
        reached = until(lambda: self.limitable.open_files(name).exhausted, PROOF_TIMEOUT_S, POLL_S)
        files = self.limitable.open_files(name)
        words = "are all taken" if reached else "are not all taken"
        return Proof(reached and files.most < self.before.most, f"the {files.most} files that {name} may open {words}")

    def heals(self) -> Proof:
        if not stands(self.system, self.instance):
            return retired(self.instance)
        name = self.instance.name
        ready = until(lambda: self.system.ready(name), HEAL_TIMEOUT_S)
        if not ready:
            return Proof(False, f"{name} is not ready again")
        most = self.limitable.open_files(name).most
        return Proof(most == self.before.most, f"{name} is ready and may open {most} files")


@dataclass(frozen=True)
class OutOfFiles:
    """One instance may open `spare` more files or connections than it has, and no more. `target` as for Kill."""

    target: str
    spare: int = 0

    needs: ClassVar[frozenset[type]] = frozenset({FilesLimitable})
    account: ClassVar[Account] = Account(
        "one instance has no file descriptors left, so that it can open no file and take no connection",
        "the operating system says that the next one is beyond its limit (prlimit)",
        "its former limit; its readiness probe answers",
    )

    def __post_init__(self) -> None:
        not_negative(spare=self.spare)

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        assert isinstance(system, FilesLimitable)
        instance = find(system, self.target)
        before = system.open_files(instance.name)
        system.limit_files(instance.name, before.next + self.spare)
        try:
            yield _Exhausted(system, system, instance, before)
        finally:
            system.limit_files(instance.name, before.most)


# ── processors and memory ────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Hogged(Effect):
    pressure: Pressure
    cpus: float
    memory_mb: int

    def bites(self) -> Proof:
        """All of the memory, and a second of each processor: of one that is busy it may take a while."""
        seen = until(self._is_taken, PROOF_TIMEOUT_S, POLL_S)
        taken = self.pressure.taken()
        return Proof(seen, f"{taken.memory_mb:.0f} MB of memory and {taken.cpu_s:.1f} s of processor time were taken")

    def _is_taken(self) -> bool:
        taken = self.pressure.taken()
        return taken.cpu_s >= self.cpus and taken.memory_mb >= self.memory_mb

    def heals(self) -> Proof:
        taken = self.pressure.taken()
        gone = taken.cpu_s == 0 and taken.memory_mb == 0
        return Proof(gone, f"the processes that took it are {'gone' if gone else 'still there'}")


@dataclass(frozen=True)
class _Hog:
    needs: ClassVar[frozenset[type]] = frozenset({Crowded})
    target: ClassVar[str] = "the machine"

    @property
    def taken(self) -> tuple[float, int]:
        """Processors, and MB of memory."""
        raise NotImplementedError

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        assert isinstance(system, Crowded)
        pressure = system.crowd(*self.taken)
        try:
            yield _Hogged(pressure, *self.taken)
        finally:
            pressure.end()


@dataclass(frozen=True)
class CpuHog(_Hog):
    """Others take so many processors of the machine, as far as they come by them."""

    cpus: float = 1.0

    account: ClassVar[Account] = Account(
        "other processes take processors of the machine",
        "the operating system says that they used a second of each",
        "they are killed; the operating system has them no more",
    )

    def __post_init__(self) -> None:
        positive(cpus=self.cpus)

    @property
    def taken(self) -> tuple[float, int]:
        return self.cpus, 0


@dataclass(frozen=True)
class MemoryHog(_Hog):
    """Others take so much memory of the machine; refused if that would leave nobody any."""

    memory_mb: int

    account: ClassVar[Account] = Account(
        "another process takes memory of the machine",
        "the operating system says that it has so much (resident)",
        "it is killed; the operating system has it no more",
    )

    def __post_init__(self) -> None:
        positive(memory_mb=self.memory_mb)

    @property
    def taken(self) -> tuple[float, int]:
        return 0.0, self.memory_mb
