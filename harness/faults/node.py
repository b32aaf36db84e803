"""Faults of nodes: closed to new instances, emptied, switched off, short of processors and memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from harness.bounds import not_negative, positive
from harness.errors import HarnessError, InvalidInput
from harness.faults.fleet import Fleet, is_ready
from harness.faults.process import find, stands
from harness.protocols import (
    Account,
    Drainable,
    Effect,
    Instance,
    Outageable,
    Podded,
    Pressable,
    Pressure,
    Proof,
    System,
)
from harness.waiting import until

EVICT_POLL_S = 0.5
POLL_S = 0.2
PROOF_TIMEOUT_S = 10.0
PRESSED_S_MAX = 30.0
"""Until what presses has started and holds all that it is to hold."""
HEAL_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class _Cordoned(Effect):
    system: System
    drainable: Drainable
    node: str

    def bites(self) -> Proof:
        cordoned = self.drainable.cordoned(self.node)
        return Proof(cordoned, f"{self.node} takes {'no' if cordoned else 'all'} new instances")

    def heals(self) -> Proof:
        if self.drainable.cordoned(self.node):
            return Proof(False, f"{self.node} still takes no new instances")
        ready = until(self._all_ready, HEAL_TIMEOUT_S)
        return Proof(ready, f"{self.node} takes new instances, and {'all' if ready else 'not all'} instances are ready")

    def _all_ready(self) -> bool:
        return all(is_ready(self.system, instance.name) for instance in self.system.instances())


@dataclass(frozen=True)
class _Drained(_Cordoned):
    empty: bool

    def bites(self) -> Proof:
        cordoned = super().bites()
        left = self.drainable.on_node(self.node)
        return Proof(cordoned.seen and self.empty, f"{cordoned.by}, and {left} are left on it")


@dataclass(frozen=True)
class Cordon:
    """No new instance is put on the node of an instance, as long as the window lasts.

    `target` is an instance (`ledger-2`) or a service (its last standing instance).
    """

    target: str

    needs: ClassVar[frozenset[type]] = frozenset({Drainable})
    account: ClassVar[Account] = Account(
        "no new instance is put on the node of an instance",
        "the cluster says that the node takes none",
        "uncordoned; all instances are ready",
    )

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        assert isinstance(system, Drainable)
        with _cordoned(system, _node(system, system, self.target)) as node:
            yield _Cordoned(system, system, node)


@dataclass(frozen=True)
class Drain:
    """All instances on the node of an instance are evicted as disruption budgets allow, and none is put on it.

    `target` as for Cordon. An eviction that is not allowed is asked for again; where the node is not empty after
    `patience_s`, the drain did not take hold.
    """

    target: str
    patience_s: float = 45.0

    needs: ClassVar[frozenset[type]] = frozenset({Drainable})
    account: ClassVar[Account] = Account(
        "all instances on the node of an instance are evicted, as disruption budgets allow",
        "the node takes none, and none is left on it",
        "uncordoned; all instances are ready",
    )

    def __post_init__(self) -> None:
        positive(patience_s=self.patience_s)

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        assert isinstance(system, Drainable)
        drainable = system
        with _cordoned(drainable, _node(system, drainable, self.target)) as node:
            empty = until(lambda: _evicted(drainable, node), self.patience_s, EVICT_POLL_S)
            yield _Drained(system, drainable, node, empty)


def _node(system: System, drainable: Drainable, target: str) -> str:
    instance = find(system, target)
    node = drainable.node_of(instance.name)
    if not node:
        raise HarnessError(f"{instance.name} is on no node")
    return node


@contextmanager
def _cordoned(drainable: Drainable, node: str) -> Iterator[str]:
    drainable.cordon(node)
    try:
        yield node
    finally:
        drainable.uncordon(node)


def _evicted(drainable: Drainable, node: str) -> bool:
    return drainable.evict(node) and drainable.on_node(node) == 0


@dataclass(frozen=True)
class _Off(Effect):
    system: System
    outageable: Outageable
    node: str
    names: tuple[str, ...]
    """Of the instances that were on it."""

    def bites(self) -> Proof:
        off = until(lambda: not self.outageable.node_runs(self.node), PROOF_TIMEOUT_S, POLL_S)
        on_it = ", ".join(self.names) or "nobody"
        return Proof(off, f"{self.node} is {'off' if off else 'still on'}; on it {'was' if off else 'is'} {on_it}")

    def heals(self) -> Proof:
        """Its instances are ready again, or others in their place."""
        if not self.outageable.node_ready(self.node):
            return Proof(False, f"{self.node} is not ready")
        services = sorted({instance.service for instance in self.system.instances()})
        fleets = [Fleet.of(self.system, service).recovers(HEAL_TIMEOUT_S) for service in services]
        return Proof(all(fleet.seen for fleet in fleets), "; ".join((f"{self.node} is on", *(f.by for f in fleets))))


@dataclass(frozen=True)
class NodeStop:
    """The node of an instance is switched off at once, as if its power were cut, and on again when the window ends.

    `target` is an instance (`ledger-2`) or a service (its last standing instance).
    """

    target: str

    needs: ClassVar[frozenset[type]] = frozenset({Podded, Outageable})
    account: ClassVar[Account] = Account(
        "the node of an instance is switched off, as if its power were cut",
        "the machine says that the node is off",
        "switched on; the node is ready, and all services are",
    )

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        assert isinstance(system, Podded)
        assert isinstance(system, Outageable)
        nodes = {instance: _node_by_pod(system, instance) for instance in system.instances()}
        node = nodes.get(find(system, self.target), "")
        if not node:
            raise HarnessError(f"{self.target} is on no node")
        on_it = [instance for instance, place in nodes.items() if place == node]
        system.stop_node(node)
        try:
            yield _Off(system, system, node, tuple(instance.name for instance in on_it))
        finally:
            system.start_node(node)
            for instance in on_it:
                if stands(system, instance):
                    system.restore(instance.name)


def _node_by_pod(podded: Podded, instance: Instance) -> str:
    facts = podded.pod(podded.pod_of(instance.name))
    return facts.node if facts else ""


@dataclass(frozen=True)
class _Pressed(Effect):
    fleet: Fleet
    pressure: Pressure
    fault: NodePressure

    def bites(self) -> Proof:
        """By what has been taken: all of the memory, and a second of each processor."""
        seen = until(self._is_taken, PRESSED_S_MAX, POLL_S)
        taken = self.pressure.taken()
        return Proof(seen, f"{taken.memory_mb:.0f} MB of memory and {taken.cpu_s:.0f} s of processor time were taken")

    def _is_taken(self) -> bool:
        taken = self.pressure.taken()
        return taken.cpu_s >= self.fault.cpus and taken.memory_mb >= self.fault.memory_mb

    def heals(self) -> Proof:
        return self.fleet.recovers(HEAL_TIMEOUT_S)


@dataclass(frozen=True)
class NodePressure:
    """A pod takes processors and memory from the node of an instance: `cpus` and `memory_mb` at most, one of them > 0.

    `target` as for NodeStop.
    """

    target: str
    cpus: float = 1.0
    memory_mb: int = 0

    needs: ClassVar[frozenset[type]] = frozenset({Podded, Pressable})
    account: ClassVar[Account] = Account(
        "a pod takes processors and memory of the node of an instance",
        "the node's own account says that so much was taken",
        "the pod is removed; the service is ready",
    )

    def __post_init__(self) -> None:
        not_negative(cpus=self.cpus, memory_mb=self.memory_mb)
        if not self.cpus and not self.memory_mb:
            raise InvalidInput("cpus and memory_mb are both 0: that would press nobody")

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        assert isinstance(system, Podded)
        assert isinstance(system, Pressable)
        instance = find(system, self.target)
        fleet = Fleet.of(system, instance.service)
        pressure = system.press(system.pod_of(instance.name), self.cpus, self.memory_mb)
        try:
            yield _Pressed(fleet, pressure, self)
        finally:
            pressure.end()
