"""Faults that only what isolates its instances can bring about: cut off from the network, short of resources."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from harness.errors import HarnessError, InvalidInput
from harness.faults.process import HEAL_TIMEOUT_S, PROOF_TIMEOUT_S, find, recovery, retired, stands
from harness.protocols import (
    Account,
    Disconnectable,
    Effect,
    Instance,
    Killable,
    Limitable,
    Limits,
    ProcessorsLimitable,
    Proof,
    System,
    Usage,
)
from harness.waiting import until

CPUS_MIN = 0.01
MEMORY_MB_MIN = 6
"""No engine takes less, of either."""


@dataclass(frozen=True)
class _Disconnected(Effect):
    system: System
    disconnectable: Disconnectable
    instance: Instance
    was_ready: bool

    def bites(self) -> Proof:
        name = self.instance.name
        cut_off = until(lambda: not self.disconnectable.connected(name), PROOF_TIMEOUT_S)
        silent = not self.instance.url or not self.system.ready(name)
        reached = "cannot be reached" if silent else "is still reached"
        state = "has no network" if cut_off else "still has a network"
        return Proof(self.was_ready and cut_off and silent, f"the engine says {name} {state}; it {reached}")

    def heals(self) -> Proof:
        name = self.instance.name
        return recovery(
            self.system,
            self.instance,
            lambda: self.disconnectable.connected(name) and self.system.ready(name),
            "answers",
            "does not answer",
        )


@dataclass(frozen=True)
class Disconnect:
    """Takes one instance off the network, with its connections left open; the end of the window brings it back.

    `target` as for Kill.
    """

    target: str

    needs: ClassVar[frozenset[type]] = frozenset({Disconnectable})
    account: ClassVar[Account] = Account(
        "takes one instance off the network, its connections left open",
        "the engine says that it has no network, and it is not reached",
        "connected again, with the address it had; its readiness probe answers",
    )

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        assert isinstance(system, Disconnectable)
        instance = find(system, self.target)
        was_ready = system.ready(instance.name)
        system.disconnect(instance.name)
        try:
            yield _Disconnected(system, system, instance, was_ready)
        finally:
            if stands(system, instance):
                system.reconnect(instance.name)


@dataclass(frozen=True)
class _Limited(Effect):
    system: System
    limitable: Limitable
    killable: Killable
    instance: Instance
    fault: Limit
    before: Usage

    def bites(self) -> Proof:
        """A limit of processors shows in what was held back; one of memory in force, or in that it killed."""
        try:
            until(lambda: self._is_dead() or self._is_held_back(), PROOF_TIMEOUT_S)
            if not self._is_dead():
                return self._is_in_force()
        except HarnessError:  # it may have died between two looks at it
            if not self._is_dead():
                raise
        return Proof(self.fault.memory_mb is not None, f"{self.instance.name} is dead")

    def _is_in_force(self) -> Proof:
        name = self.instance.name
        usage = self.limitable.usage(name)
        return Proof(
            self._is_held_back() and usage.limits == self.fault.limits(self.before.limits),
            f"{name} has {_words(usage.limits)}, uses {usage.memory_mb:.0f} MB, "
            f"and was held back {usage.throttled - self.before.throttled} times",
        )

    def _is_dead(self) -> bool:
        return self.killable.pid(self.instance.name) is None

    def _is_held_back(self) -> bool:
        if self.fault.cpus is None:
            return True
        return self.limitable.usage(self.instance.name).throttled > self.before.throttled

    def heals(self) -> Proof:
        name = self.instance.name
        if not stands(self.system, self.instance):
            return retired(self.instance)
        ready = until(lambda: self.system.ready(name), HEAL_TIMEOUT_S)
        if not ready:
            return Proof(False, f"{name} is not ready again")
        limits = self.limitable.usage(name).limits
        return Proof(limits == self.before.limits, f"{name} is ready and has {_words(limits)}")


@dataclass(frozen=True)
class Limit:
    """Gives one instance less than it had: `cpus` of processor time, `memory_mb` before the kernel kills it, or both.

    One that died of it is started again when the window ends. `target` as for Kill.
    """

    target: str
    cpus: float | None = None
    memory_mb: int | None = None

    needs: ClassVar[frozenset[type]] = frozenset({Limitable, Killable})
    account: ClassVar[Account] = Account(
        "gives one instance less of processors or memory than it had",
        "the limits are in force, and it was held back by them, or died of them",
        "its former limits; if it died, it is started again; its readiness probe answers",
    )

    def __post_init__(self) -> None:
        if self.cpus is None and self.memory_mb is None:
            raise InvalidInput("a limit fault needs cpus, memory_mb, or both")
        if self.cpus is not None and self.cpus < CPUS_MIN:
            raise InvalidInput(f"cpus must be at least {CPUS_MIN:g}, not {self.cpus:g}")
        if self.memory_mb is not None and self.memory_mb < MEMORY_MB_MIN:
            raise InvalidInput(f"memory_mb must be at least {MEMORY_MB_MIN}, not {self.memory_mb}")

    @property
    def needs_too(self) -> frozenset[type]:
        return frozenset() if self.cpus is None else frozenset({ProcessorsLimitable})

    def limits(self, before: Limits) -> Limits:
        """What is to be in force; what the fault does not say stays."""
        return Limits(
            before.cpus if self.cpus is None else self.cpus,
            before.memory_mb if self.memory_mb is None else self.memory_mb,
        )

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        assert isinstance(system, Limitable)
        assert isinstance(system, Killable)
        instance = find(system, self.target)
        before = system.usage(instance.name)
        system.limit(instance.name, self.limits(before.limits))
        try:
            yield _Limited(system, system, system, instance, self, before)
        finally:
            if stands(system, instance):
                system.limit(instance.name, before.limits)
                if self.memory_mb is not None:
                    _await_fate(system, system, instance)
                system.revive(instance.name)


def _await_fate(system: System, killable: Killable, instance: Instance) -> None:
    """Until it answers, or is dead. The kernel may have begun to kill it: it still has a pid then, but not for long."""
    until(lambda: killable.pid(instance.name) is None or system.ready(instance.name), HEAL_TIMEOUT_S)


def _words(limits: Limits) -> str:
    cpus = "all processors" if limits.cpus is None else f"{limits.cpus:g} processors"
    memory = "all memory" if limits.memory_mb is None else f"{limits.memory_mb} MB"
    return f"{cpus} and {memory}"
