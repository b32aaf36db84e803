"""The state after a replay is the same in both versions, where it should not change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from harness.replay.compare import NOTHING, Ignored, differences
from harness.replay.outcome import Outcome
from harness.replay.properties import Property, Record


@dataclass(frozen=True)
class Pair:
    """What came of one unit in two versions."""

    first: str
    second: str
    outcomes: tuple[Outcome, Outcome]


@dataclass(frozen=True)
class SameState(Property[Pair]):
    """`ignored` are the places that the change of versions is meant to change."""

    ignored: Ignored = NOTHING

    name = "same-state"
    title = "States that differ between versions"
    columns: ClassVar = ("stream", "pointer", "first", "its_state", "second", "its_state_there", "events")
    holds = "The states of {cases} streams are the same."
    fails = "{violations} places differ in the states of {cases} streams."

    def violations(self, case: Pair) -> Iterator[Record]:
        first, second = case.outcomes
        if self.undecided(case) or first.state is None or second.state is None:
            return
        for difference in differences(first.state, second.state, self.ignored):
            yield (
                first.unit,
                difference.pointer,
                case.first,
                difference.first,
                case.second,
                difference.second,
                first.events,
            )

    def undecided(self, case: Pair) -> str:
        for version, outcome in zip((case.first, case.second), case.outcomes, strict=True):
            if not outcome.comparable:
                return f"{version} has no state of all their events"
        return ""
