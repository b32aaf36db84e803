"""Recreate: all of the old version is stopped before any of the new one starts. The one that is allowed downtime."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.bounds import not_negative
from harness.environment import Service
from harness.protocols import Announce, Gate, Instance, Migrate, Route, Setback, Steps
from harness.scenario import Change
from harness.strategies.fleet import CONTRACT, EXPAND, Fleet, finish, retreat, watch

STOP, START, WATCH = "stop old", "start new", "watch new"


@dataclass(frozen=True)
class Recreate:
    """For changes whose versions must never run side by side; its downtime is measured and bounded by the scenario."""

    watch_s: float = 3.0
    gate: Gate | None = Gate()

    def __post_init__(self) -> None:
        not_negative(watch_s=self.watch_s)

    def names(self, replicas: int) -> tuple[str, ...]:
        return (STOP, EXPAND, START, WATCH, CONTRACT)

    def steps(self, change: Change, services: Sequence[Service], fleet: Sequence[Instance]) -> Steps:
        known = Fleet(change, services, fleet)
        try:
            yield from self._exchange(known)
        except Setback:
            yield from retreat(known, side_by_side=False)
        else:
            yield from finish(known)

    def _exchange(self, fleet: Fleet) -> Steps:
        old, new = fleet.change.old, fleet.change.new
        services = (fleet.routed, *fleet.workers)
        yield Announce(STOP)
        for service in services:  # workers last, as what was written is still to reach the read model
            yield from fleet.remove(fleet.of(service, old))
        yield Announce(EXPAND)
        yield Migrate("expand", new)
        yield Announce(START)
        added: list[Instance] = []
        for service in services:
            added += yield from fleet.begin_each(service, (new,) * service.replicas)
        yield from fleet.await_ready(added, smoke=True)
        yield Route({new: 100})
        yield Announce(WATCH)
        yield from watch(fleet, self.watch_s, self.gate)
