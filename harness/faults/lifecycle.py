"""Faults of how processes start and end: again and again, slowly, without being asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar

from harness.bounds import positive
from harness.faults.background import in_background
from harness.faults.process import HEAL_TIMEOUT_S, find, recovery, stands
from harness.protocols import Account, Effect, Hinderable, Hindrance, Instance, Killable, Proof, System
from harness.waiting import until

PROOF_TIMEOUT_S = 10.0
"""For a deployment to come to the next instance that starts or ends."""
LOOPS = 2
"""Who died once may have been killed; who died again is in a loop."""


# ── again and again ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class _Deaths:
    pids: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class _Looping(Effect):
    system: System
    instance: Instance
    deaths: _Deaths

    def bites(self) -> Proof:
        again = until(lambda: len(self.deaths.pids) >= LOOPS, PROOF_TIMEOUT_S)
        return Proof(again, f"{len(self.deaths.pids)} processes of {self.instance.name} were seen to end")

    def heals(self) -> Proof:
        name = self.instance.name
        return recovery(self.system, self.instance, lambda: self.system.ready(name), "is ready", "is not ready")


@dataclass(frozen=True)
class CrashLoop:
    """One instance is killed and started, `up_s` after it has started, over and over. `target` as for Kill."""

    target: str
    up_s: float = 0.5

    needs: ClassVar[frozenset[type]] = frozenset({Killable})
    account: ClassVar[Account] = Account(
        "SIGKILL to one instance whenever it has run for a while, and a start after each",
        "the operating system has two of its processes no more",
        "started once more; its readiness probe answers",
    )

    def __post_init__(self) -> None:
        positive(up_s=self.up_s)

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        assert isinstance(system, Killable)
        instance = find(system, self.target)
        deaths = _Deaths()
        over = threading.Event()
        try:
            with in_background(lambda: self._loop(system, system, instance, deaths, over), over):
                yield _Looping(system, instance, deaths)
        finally:
            if stands(system, instance):
                system.revive(instance.name)

    def _loop(
        self, system: System, killable: Killable, instance: Instance, deaths: _Deaths, over: threading.Event
    ) -> None:
        while not over.is_set() and stands(system, instance):
            pid = killable.pid(instance.name)
            if pid is not None:
                killable.kill(instance.name)
                if killable.pid(instance.name) is None:
                    deaths.pids.add(pid)
            killable.revive(instance.name)
            over.wait(self.up_s)


# ── slowly, or not asked ─────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Hindering(Effect):
    hinderable: Hinderable
    service: str
    how: Hindrance

    def bites(self) -> Proof:
        until(lambda: self._met() > 0, PROOF_TIMEOUT_S)
        return Proof(self._met() > 0, f"{self._met()} instances of {self.service} met it ({self.how})")

    def heals(self) -> Proof:
        """None is held back any more; whether all are well is the deployment's concern, which may have ended them."""
        freed = until(lambda: self.hinderable.hindered(self.service, self.how).held == 0, HEAL_TIMEOUT_S)
        return Proof(freed, f"{'none' if freed else 'one'} of {self.service} is still held back; {self._met()} met it")

    def _met(self) -> int:
        return self.hinderable.hindered(self.service, self.how).met


@dataclass(frozen=True)
class _Hinders:
    """All instances of `service` that start, or are asked to end, while the window lasts."""

    service: str

    needs: ClassVar[frozenset[type]] = frozenset({Hinderable})
    how: ClassVar[Hindrance]

    @property
    def target(self) -> str:
        return self.service

    @property
    def held_s(self) -> float:
        return 0.0

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        assert isinstance(system, Hinderable)
        system.hinder(self.service, self.how, self.held_s)
        try:
            yield _Hindering(system, self.service, self.how)
        finally:
            system.unhinder(self.service, self.how)


@dataclass(frozen=True)
class _Delays(_Hinders):
    """Those are held back for `delay_s`."""

    delay_s: float = 5.0

    def __post_init__(self) -> None:
        positive(delay_s=self.delay_s)

    @property
    def held_s(self) -> float:
        return self.delay_s


@dataclass(frozen=True)
class SlowStart(_Delays):
    """Instances that start are stopped (SIGSTOP) at once, and go on after `delay_s`."""

    how: ClassVar[Hindrance] = Hindrance.SLOW_START
    account: ClassVar[Account] = Account(
        "instances of a service that start are held back (SIGSTOP) before they come to anything",
        "the operating system says of one that it is stopped",
        "those that are still held back go on",
    )


@dataclass(frozen=True)
class SlowStop(_Delays):
    """Instances that are asked to end are stopped (SIGSTOP) first, and see the request after `delay_s`.

    Beyond its service's grace it is killed, as everybody is.
    """

    how: ClassVar[Hindrance] = Hindrance.SLOW_STOP
    account: ClassVar[Account] = Account(
        "instances of a service that are asked to end see that only after a while (SIGSTOP)",
        "the operating system says of one that it is stopped",
        "those that are still held back go on",
    )


@dataclass(frozen=True)
class UngracefulStop(_Hinders):
    """Instances that would be asked to end (SIGTERM) are killed instead, with what they were doing."""

    how: ClassVar[Hindrance] = Hindrance.NO_STOP
    account: ClassVar[Account] = Account(
        "instances of a service that would be asked to end are killed (SIGKILL) instead",
        "the operating system says of one that it ended by SIGKILL",
        "from then on they are asked",
    )
