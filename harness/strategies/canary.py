"""Canary: a growing share of traffic meets the new version, each step gated by what it did there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.bounds import not_negative, percent
from harness.environment import Service
from harness.protocols import Analysis, Announce, Gate, Instance, Route, Setback, Steps
from harness.scenario import Change
from harness.strategies.fleet import CONTRACT, EXPAND, WORKERS, Fleet, finish, prepare, retreat, watch

RETIRE = "retire stable"


@dataclass(frozen=True)
class CanaryStep:
    """The new version's share in percent, and how long it is held before the gate decides."""

    weight: int
    hold_s: float

    def __post_init__(self) -> None:
        percent(weight=self.weight)
        not_negative(hold_s=self.hold_s)


@dataclass(frozen=True)
class Canary:
    """Instances of the new version grow with its weight, so that each carries about what a stable one does.

    With an `analysis`, the new version is held against the old one while both serve.
    """

    weights: tuple[CanaryStep, ...] = (
        CanaryStep(5, 5.0),
        CanaryStep(25, 3.0),
        CanaryStep(50, 3.0),
        CanaryStep(100, 3.0),
    )
    gate: Gate | None = Gate()
    analysis: Analysis | None = None

    def __post_init__(self) -> None:
        if not self.weights:
            raise ValueError("weights must hold at least one step")

    def names(self, replicas: int) -> tuple[str, ...]:
        return (EXPAND, WORKERS, *(_name(step) for step in self.weights), RETIRE, CONTRACT)

    def steps(self, change: Change, services: Sequence[Service], fleet: Sequence[Instance]) -> Steps:
        known = Fleet(change, services, fleet)
        try:
            yield from prepare(known)
            for step in self.weights:
                yield from self._advance(known, step)
            yield Announce(RETIRE)
            yield Route({change.new: 100})
            yield from known.remove(known.old)
        except Setback:
            yield from retreat(known)
        else:
            yield from finish(known)

    def _advance(self, fleet: Fleet, step: CanaryStep) -> Steps:
        yield Announce(_name(step))
        wanted = max(1, -(-fleet.routed.replicas * step.weight // 100))
        yield from fleet.add(fleet.routed, fleet.change.new, max(0, wanted - len(fleet.new)), smoke=True)
        yield Route({fleet.change.old: 100 - step.weight, fleet.change.new: step.weight})
        yield from watch(fleet, step.hold_s, self.gate, self.analysis)


def _name(step: CanaryStep) -> str:
    return f"canary {step.weight} %"
