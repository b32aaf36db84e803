"""Canary: a growing share of traffic meets the new version, each step gated by what it did there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from harness.bounds import not_negative, percent
from harness.environment import Service
from harness.protocols import Analysis, Announce, Gate, Instance, Route, Setback, Steps, Watch
from harness.scenario import Change
from harness.strategies.fleet import CONTRACT, EXPAND, WORKERS, Fleet, finish, prepare, retreat

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

    With an `analysis`, the new version is held against the old one while both serve. With a `baseline` as well, each
    new instance has a fresh one of the old version started beside it, and it is held against these alone: what is young
    (caches, pools, compiled code) is compared with what is as young. They leave with the others of their version, or
    when the old version is back.
    """

    weights: tuple[CanaryStep, ...] = (
        CanaryStep(5, 5.0),
        CanaryStep(25, 3.0),
        CanaryStep(50, 3.0),
        CanaryStep(100, 3.0),
    )
    gate: Gate | None = Gate()
    analysis: Analysis | None = None
    baseline: bool = False

    def __post_init__(self) -> None:
        if not self.weights:
            raise ValueError("weights must hold at least one step")
        if self.baseline and self.analysis is None:
            raise ValueError("baseline needs an analysis that compares the new version with it")

    def names(self, replicas: int) -> tuple[str, ...]:
        return (EXPAND, WORKERS, *(_name(step) for step in self.weights), RETIRE, CONTRACT)

    def steps(self, change: Change, services: Sequence[Service], fleet: Sequence[Instance]) -> Steps:
        known = Fleet(change, services, fleet)
        stable = known.old
        try:
            yield from prepare(known)
            for step in self.weights:
                yield from self._advance(known, step, stable)
            yield Announce(RETIRE)
            yield Route({change.new: 100})
            yield from known.remove(known.old)
        except Setback:
            yield from retreat(known)
        else:
            yield from finish(known)

    def _advance(self, fleet: Fleet, step: CanaryStep, stable: Collection[Instance]) -> Steps:
        change = fleet.change
        yield Announce(_name(step))
        wanted = max(1, -(-fleet.routed.replicas * step.weight // 100))
        # Where the old version gets nothing any more, there is nothing to compare with.
        beside = (change.old,) if self.baseline and step.weight < 100 else ()
        more = max(0, wanted - len(fleet.new))
        yield from fleet.add_each(fleet.routed, (change.new, *beside) * more, smoke=True)
        yield Route({change.old: 100 - step.weight, change.new: step.weight})
        baseline = tuple(instance.name for instance in fleet.old if instance not in stable)
        yield Watch(step.hold_s, change.new, self.gate, self.analysis, baseline)


def _name(step: CanaryStep) -> str:
    return f"canary {step.weight} %"
