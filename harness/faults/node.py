"""Faults of nodes, as maintenance brings them: no new instances, and none at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from harness.bounds import positive
from harness.errors import HarnessError
from harness.faults.process import find
from harness.protocols import Drainable, Effect, Proof, System
from harness.waiting import until

EVICT_POLL_S = 0.5
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
        return all(self.system.ready(instance.name) for instance in self.system.instances())


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
