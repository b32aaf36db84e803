"""Faults of processes: kill -9, and pause (SIGSTOP)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from harness.errors import HarnessError
from harness.protocols import Account, Effect, Instance, Killable, Pausable, Proof, System
from harness.waiting import until

PROOF_TIMEOUT_S = 2.0
HEAL_TIMEOUT_S = 15.0


def find(system: System, target: str) -> Instance:
    """The instance that `target` names: an instance, or the last standing one of a service.

    Resolved when the fault strikes, as a deployment changes who is there. The last, because a rollout replaces the
    first ones first. Raises HarnessError if there is none.
    """
    matching = [instance for instance in system.instances() if target in (instance.name, instance.service)]
    if not matching:
        there = ", ".join(instance.name for instance in system.instances()) or "none"
        raise HarnessError(f"no instance or service named {target!r} is there to break; there are: {there}")
    return matching[-1]


@dataclass(frozen=True)
class _Killed(Effect):
    system: System
    killable: Killable
    instance: Instance
    pid: int

    def bites(self) -> Proof:
        gone = until(lambda: self.killable.pid(self.instance.name) is None, PROOF_TIMEOUT_S)
        return Proof(gone, f"pid {self.pid} of {self.instance.name} is {_word(gone)}")

    def heals(self) -> Proof:
        is_ready = partial(self.system.ready, self.instance.name)
        return recovery(self.system, self.instance, is_ready, "is ready", "is not ready")


@dataclass(frozen=True)
class Kill:
    """kill -9 of one instance; it is started again when the window ends.

    `target` is an instance (`ledger-2`) or a service (its last standing instance).
    """

    target: str

    needs: ClassVar[frozenset[type]] = frozenset({Killable})
    account: ClassVar[Account] = Account(
        "SIGKILL to one instance",
        "the operating system has no such process any more",
        "started again, under its name and at its address; its readiness probe answers",
    )

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        assert isinstance(system, Killable)
        instance = find(system, self.target)
        pid = system.pid(instance.name)
        if pid is None:
            raise HarnessError(f"{instance.name} is dead already")
        system.kill(instance.name)
        try:
            yield _Killed(system, system, instance, pid)
        finally:
            if stands(system, instance):
                system.revive(instance.name)


@dataclass(frozen=True)
class _Paused(Effect):
    system: System
    pausable: Pausable
    instance: Instance

    def bites(self) -> Proof:
        stopped = until(lambda: self.pausable.paused(self.instance.name), PROOF_TIMEOUT_S)
        state = "stopped (T)" if stopped else "not stopped"
        return Proof(stopped, f"the operating system says {self.instance.name} is {state}")

    def heals(self) -> Proof:
        is_ready = partial(self.system.ready, self.instance.name)
        return recovery(self.system, self.instance, is_ready, "answers", "does not answer")


@dataclass(frozen=True)
class Pause:
    """SIGSTOP of one instance, SIGCONT when the window ends. `target` as for Kill."""

    target: str

    needs: ClassVar[frozenset[type]] = frozenset({Pausable})
    account: ClassVar[Account] = Account(
        "SIGSTOP to one instance; in containers the engine's pause",
        "the operating system says that it is stopped",
        "SIGCONT; its readiness probe answers",
    )

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        assert isinstance(system, Pausable)
        instance = find(system, self.target)
        if system.paused(instance.name):
            raise HarnessError(f"{instance.name} is paused already")
        system.pause(instance.name)
        try:
            yield _Paused(system, system, instance)
        finally:
            if stands(system, instance):
                system.resume(instance.name)


def stands(system: System, instance: Instance) -> bool:
    return any(other.name == instance.name for other in system.instances())


def recovery(system: System, instance: Instance, is_well: Callable[[], bool], well: str, unwell: str) -> Proof:
    """That it is well again, waited for; one that is no longer there has nothing to recover from."""
    if not stands(system, instance):
        return retired(instance)
    healed = until(is_well, HEAL_TIMEOUT_S)
    return Proof(healed, f"{instance.name} {well if healed else unwell} again")


def retired(instance: Instance) -> Proof:
    return Proof(True, f"{instance.name} has been retired by the deployment")


def _word(gone: bool) -> str:
    return "gone" if gone else "still there"
