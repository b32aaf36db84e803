"""Faults of pods: deleted, killed, starved, evicted without end, hidden from their probes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from harness.bounds import not_negative, positive
from harness.errors import HarnessError
from harness.faults.background import in_background, repeating
from harness.faults.fleet import Fleet
from harness.faults.process import find, stands
from harness.protocols import (
    Account,
    Containered,
    Effect,
    Evictable,
    Instance,
    Podded,
    PodFacts,
    Probed,
    Proof,
    System,
)
from harness.waiting import until

PROOF_TIMEOUT_S = 10.0
"""A cluster takes a second or two to say what has happened."""
GONE_TIMEOUT_S = 30.0
"""Beyond a pod's own grace: its node has to clean up after it."""
HEAL_TIMEOUT_S = 60.0
POLL_S = 0.2
OOM = "OOMKilled"


@dataclass(frozen=True)
class _Deleted(Effect):
    podded: Podded
    fleet: Fleet
    pod: str
    patience_s: float

    def bites(self) -> Proof:
        gone = until(lambda: self.podded.pod(self.pod) is None, self.patience_s, POLL_S)
        return Proof(gone, f"the pod {self.pod} is {'gone' if gone else 'still there'}")

    def heals(self) -> Proof:
        return self.fleet.recovers(HEAL_TIMEOUT_S)


@dataclass(frozen=True)
class PodDelete:
    """Deletes the pod of one instance, with `grace_s` to end in (0: none, it is killed); one takes its place.

    `target` is an instance (`ledger-2`) or a service (its last standing instance).
    """

    target: str
    grace_s: int = 0

    needs: ClassVar[frozenset[type]] = frozenset({Podded})
    account: ClassVar[Account] = Account(
        "deletes the pod of one instance",
        "the cluster has no such pod any more",
        "another pod takes its place; the service is ready",
    )

    def __post_init__(self) -> None:
        not_negative(grace_s=self.grace_s)

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        assert isinstance(system, Podded)
        instance = find(system, self.target)
        fleet = Fleet.of(system, instance.service)
        pod = system.pod_of(instance.name)
        system.delete_pod(pod, self.grace_s)
        try:
            yield _Deleted(system, fleet, pod, self.grace_s + GONE_TIMEOUT_S)
        finally:
            _restore(system, system, instance)


@dataclass(frozen=True)
class _Ended(Effect):
    podded: Podded
    fleet: Fleet
    before: PodFacts
    ended_by: str
    """Why it must have ended; "": for any reason."""
    killed: int = 0
    """How many of its processes the kernel killed for that reason, by the kernel's own count. The cluster's word may
    be another: its node's runtime learns of an end and of the reason on two ways, and tells of what comes first."""

    def bites(self) -> Proof:
        until(lambda: self._ended() is not None, PROOF_TIMEOUT_S, POLL_S)
        ended = self._ended()
        if ended is None:
            return Proof(False, f"the container of {self.before.name} has not ended")
        said = f"the container of {self.before.name} ended, and the cluster says why: {ended.ended_by}"
        if self.ended_by in ("", ended.ended_by):
            return Proof(True, said)
        if self.killed:
            return Proof(True, f"{said}; by the kernel's own count it killed {self.killed} for want of memory")
        return Proof(False, said)

    def _ended(self) -> PodFacts | None:
        now = self.podded.pod(self.before.name)
        return now if now and now.endings > self.before.endings else None

    def heals(self) -> Proof:
        return self.fleet.recovers(HEAL_TIMEOUT_S)


@contextmanager
def _ending(
    system: System, target: str, end: Callable[[Containered, str], int | None], ended_by: str = ""
) -> Iterator[Effect]:
    assert isinstance(system, Podded)
    assert isinstance(system, Containered)
    instance = find(system, target)
    fleet = Fleet.of(system, instance.service)
    before = system.pod(system.pod_of(instance.name))
    if before is None:
        raise HarnessError(f"the pod of {instance.name} is gone")
    killed = end(system, before.name)
    try:
        yield _Ended(system, fleet, before, ended_by, killed or 0)
    finally:
        _restore(system, system, instance)


@dataclass(frozen=True)
class ContainerKill:
    """SIGKILL to all processes in the container of one instance, whose pod stays. `target` as for PodDelete."""

    target: str

    needs: ClassVar[frozenset[type]] = frozenset({Podded, Containered})
    account: ClassVar[Account] = Account(
        "SIGKILL to the container of one instance, past the API server",
        "the cluster says that the container has ended",
        "its node starts it again; the service is ready",
    )

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        with _ending(system, self.target, lambda containered, pod: containered.kill_container(pod)) as effect:
            yield effect


@dataclass(frozen=True)
class OomKill:
    """The memory of one instance's container is used up, so that the kernel kills it. `target` as for PodDelete."""

    target: str

    needs: ClassVar[frozenset[type]] = frozenset({Podded, Containered})
    account: ClassVar[Account] = Account(
        "uses up the memory of the container of one instance",
        "the cluster says that it ended, and it or the kernel of what: OOMKilled",
        "its node starts it again; the service is ready",
    )

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        with _ending(system, self.target, lambda containered, pod: containered.exhaust_memory(pod), OOM) as effect:
            yield effect


@dataclass
class _Tally:
    """Of evictions that were asked for."""

    allowed: int = 0
    refused: int = 0

    def __str__(self) -> str:
        return f"of {self.allowed + self.refused} evictions {self.allowed} were allowed, {self.refused} refused"


@dataclass
class _Stormed(Effect):
    fleet: Fleet
    tally: _Tally

    def bites(self) -> Proof:
        """A budget that allows none has been asked as well."""
        until(lambda: self.tally.allowed > 0 and self.tally.refused > 0, PROOF_TIMEOUT_S, POLL_S)
        return Proof(self.tally.allowed + self.tally.refused > 0, f"{self.tally}, so far")

    def heals(self) -> Proof:
        whole = self.fleet.recovers(HEAL_TIMEOUT_S)
        return Proof(whole.seen, f"{self.tally}; {whole.by}")


@dataclass(frozen=True)
class EvictionStorm:
    """Evictions of all instances of a service are asked for, again and again, as long as the window lasts.

    How many a disruption budget allows and refuses is in the proof.
    """

    target: str
    every_s: float = 0.5

    needs: ClassVar[frozenset[type]] = frozenset({Podded, Evictable})
    account: ClassVar[Account] = Account(
        "evictions of all instances of a service, again and again",
        "counted: how many were allowed, and how many refused",
        "no more are asked for; the service is ready",
    )

    def __post_init__(self) -> None:
        positive(every_s=self.every_s)

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        service = find(system, self.target).service
        fleet = Fleet.of(system, service)
        tally = _Tally()
        with repeating(lambda: _evict_all(system, service, tally), self.every_s):
            yield _Stormed(fleet, tally)


def _evict_all(system: System, service: str, tally: _Tally) -> None:
    assert isinstance(system, Podded)
    assert isinstance(system, Evictable)
    for instance in system.instances():
        if instance.service == service:
            if system.evict_pod(system.pod_of(instance.name)):
                tally.allowed += 1
            else:
                tally.refused += 1


@dataclass
class _Flaps:
    """What was seen of a pod whose probes fail at times."""

    lost: int = 0
    found: int = 0


@dataclass(frozen=True)
class _Flapping(Effect):
    fleet: Fleet
    pod: str
    flaps: _Flaps
    patience_s: float

    def bites(self) -> Proof:
        lost = until(lambda: self.flaps.lost > 0, self.patience_s, POLL_S)
        return Proof(lost, f"{self.pod} is {'not ready' if lost else 'as ready as before'}, its node says")

    def heals(self) -> Proof:
        whole = self.fleet.recovers(HEAL_TIMEOUT_S)
        seen = f"{self.pod} was not ready {self.flaps.lost} times, and ready again {self.flaps.found} times"
        return Proof(whole.seen, f"{seen}; {whole.by}")


@dataclass(frozen=True)
class ProbeFlap:
    """The probes of one instance fail for `down_s`, then succeed for `up_s`, and so on; it serves all the time.

    `target` as for PodDelete.
    """

    target: str
    down_s: float = 12.0
    """Longer than the probe needs to be taken for failed: its time-out and period, so often as its threshold says."""
    up_s: float = 6.0

    needs: ClassVar[frozenset[type]] = frozenset({Podded, Probed})
    account: ClassVar[Account] = Account(
        "the probes of one instance fail and succeed in turn, while it serves",
        "its node says that it is not ready",
        "its probes get through; the service is ready",
    )

    def __post_init__(self) -> None:
        positive(down_s=self.down_s, up_s=self.up_s)

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        assert isinstance(system, Podded)
        instance = find(system, self.target)
        fleet = Fleet.of(system, instance.service)
        pod = system.pod_of(instance.name)
        flaps = _Flaps()
        over = threading.Event()
        with in_background(lambda: self._flap(system, pod, flaps, over), over):
            yield _Flapping(fleet, pod, flaps, self.down_s + PROOF_TIMEOUT_S)

    def _flap(self, system: System, pod: str, flaps: _Flaps, over: threading.Event) -> None:
        assert isinstance(system, Podded)
        assert isinstance(system, Probed)
        while not over.is_set():
            barrier = system.hide_from_probes(pod)
            try:
                flaps.lost += _comes(system, pod, ready=False, within_s=self.down_s, over=over)
            finally:
                barrier.lift()
            flaps.found += _comes(system, pod, ready=True, within_s=self.up_s, over=over)


def _comes(podded: Podded, pod: str, *, ready: bool, within_s: float, over: threading.Event) -> bool:
    """Whether the pod was seen so in that time, which passes in full unless all is over."""
    seen = False

    def passed() -> bool:
        nonlocal seen
        facts = podded.pod(pod)
        seen = seen or (facts is not None and facts.ready is ready)
        return over.is_set()

    until(passed, within_s, POLL_S)
    return seen


def _restore(system: System, podded: Podded, instance: Instance) -> None:
    if stands(system, instance):
        podded.restore(instance.name)
