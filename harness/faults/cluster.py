"""Faults of what a cluster gives its pods: a network, names, an API server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from harness.faults.fleet import Fleet, is_ready
from harness.faults.process import find
from harness.protocols import Account, Barrier, Effect, Governed, Partitionable, Podded, Proof, Resolving, System
from harness.waiting import until

PROOF_TIMEOUT_S = 10.0
HEAL_TIMEOUT_S = 60.0
POLL_S = 0.2


@dataclass(frozen=True)
class _Partitioned(Effect):
    fleet: Fleet
    barrier: Barrier
    between: str

    def bites(self) -> Proof:
        until(lambda: self.barrier.held_back() > 0, PROOF_TIMEOUT_S, POLL_S)
        packets = self.barrier.held_back()
        return Proof(packets > 0, f"{packets} packets between {self.between} were held back")

    def heals(self) -> Proof:
        if self.barrier.stands():
            return Proof(False, f"packets between {self.between} are still held back")
        return self.fleet.recovers(HEAL_TIMEOUT_S)


@dataclass(frozen=True)
class Partition:
    """Nothing goes any more between one instance and a store, or another service's instances; both go on running.

    `target` is an instance (`ledger-2`) or a service (its last standing instance), `peer` a store or a service.
    """

    target: str
    peer: str

    needs: ClassVar[frozenset[type]] = frozenset({Podded, Partitionable})
    account: ClassVar[Account] = Account(
        "nothing goes any more between one instance and a store, or another service's instances",
        "the nodes count packets that were held back",
        "the rules are removed; the nodes have none left, and the service is ready",
    )

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        assert isinstance(system, Podded)
        assert isinstance(system, Partitionable)
        instance = find(system, self.target)
        fleet = Fleet.of(system, instance.service)
        barrier = system.cut_off(system.pod_of(instance.name), self.peer)
        try:
            yield _Partitioned(fleet, barrier, f"{instance.name} and {self.peer}")
        finally:
            barrier.lift()


@dataclass(frozen=True)
class _Silenced(Effect):
    """Something in the cluster that everybody asks does not answer."""

    system: System
    barrier: Barrier
    what: str

    def answers(self) -> bool:
        raise NotImplementedError

    def bites(self) -> Proof:
        silent = until(lambda: not self.answers(), PROOF_TIMEOUT_S, POLL_S)
        packets = self.barrier.held_back()
        words = "does not answer" if silent else "still answers"
        return Proof(silent and packets > 0, f"{self.what} {words}; {packets} packets to it were held back")

    def heals(self) -> Proof:
        answers = until(self.answers, HEAL_TIMEOUT_S, POLL_S)
        if not answers:
            return Proof(False, f"{self.what} does not answer")
        ready = until(self._all_ready, HEAL_TIMEOUT_S, POLL_S)
        return Proof(ready, f"{self.what} answers, and {'all' if ready else 'not all'} instances are ready")

    def _all_ready(self) -> bool:
        return all(is_ready(self.system, instance.name) for instance in self.system.instances())


@dataclass(frozen=True)
class _NoNames(_Silenced):
    resolving: Resolving

    def answers(self) -> bool:
        return self.resolving.dns_answers()


@dataclass(frozen=True)
class DnsDown:
    """Nobody in the cluster reaches its DNS, as long as the window lasts."""

    needs: ClassVar[frozenset[type]] = frozenset({Resolving})
    account: ClassVar[Account] = Account(
        "nobody in the cluster reaches its DNS",
        "it does not answer, and the nodes count packets that were held back",
        "the rules are removed; it answers, and all instances are ready",
    )

    @property
    def target(self) -> str:
        return "the cluster's DNS"

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        assert isinstance(system, Resolving)
        barrier = system.block_dns()
        try:
            yield _NoNames(system, barrier, self.target, system)
        finally:
            barrier.lift()


@dataclass(frozen=True)
class _Ungoverned(_Silenced):
    governed: Governed

    def answers(self) -> bool:
        return self.governed.api_answers()


@dataclass(frozen=True)
class ApiDown:
    """Nobody reaches the cluster's API server: not its nodes, and not who deploys. What runs goes on running."""

    needs: ClassVar[frozenset[type]] = frozenset({Governed})
    account: ClassVar[Account] = Account(
        "nobody reaches the cluster's API server",
        "it does not answer, and the nodes count packets that were held back",
        "the rules are removed; it answers, and all instances are ready",
    )

    @property
    def target(self) -> str:
        return "the API server"

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        assert isinstance(system, Governed)
        barrier = system.block_api()
        try:
            yield _Ungoverned(system, barrier, self.target, system)
        finally:
            barrier.lift()
