"""Rolling: instances are replaced in batches, while the rest serve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.bounds import not_negative, positive
from harness.environment import Service
from harness.protocols import Announce, Gate, Instance, Route, Setback, Steps
from harness.scenario import Change
from harness.strategies.fleet import CONTRACT, EXPAND, WORKERS, Fleet, finish, prepare, retreat, watch


@dataclass(frozen=True)
class Rolling:
    """`batch` instances are replaced at a time; up to `surge` of them are started before old ones are removed.

    With `surge` below `batch` the rest of a batch is removed first, so capacity is missing for a while.
    """

    batch: int = 1
    surge: int = 1
    watch_s: float = 1.5
    gate: Gate | None = Gate()

    def __post_init__(self) -> None:
        positive(batch=self.batch)
        not_negative(surge=self.surge, watch_s=self.watch_s)

    def names(self, replicas: int) -> tuple[str, ...]:
        batches = -(-replicas // self.batch)
        return (EXPAND, WORKERS, *(_name(number, batches) for number in range(1, batches + 1)), CONTRACT)

    def steps(self, change: Change, services: Sequence[Service], fleet: Sequence[Instance]) -> Steps:
        known = Fleet(change, services, fleet)
        try:
            yield from prepare(known)
            yield from self._roll(known)
        except Setback:
            yield from retreat(known)
        else:
            yield from finish(known)

    def _roll(self, fleet: Fleet) -> Steps:
        batches = -(-len(fleet.old) // self.batch)
        for number in range(1, batches + 1):
            yield Announce(_name(number, batches))
            leaving = fleet.old[: self.batch]
            first = max(0, len(leaving) - self.surge)
            yield from fleet.remove(leaving[:first])
            yield from fleet.add(fleet.routed, fleet.change.new, len(leaving), smoke=True)
            yield Route(fleet.by_count(without=leaving))
            yield from fleet.remove(leaving[first:])
            yield from watch(fleet, self.watch_s, self.gate)


def _name(number: int, batches: int) -> str:
    return f"rolling {number}/{batches}"
