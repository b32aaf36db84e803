"""Events that are said to commute do: two neighbours may change places, and the state is the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from harness.replay.compare import NOTHING, Ignored, differences
from harness.replay.outcome import Outcome
from harness.replay.properties import Property, Record


@dataclass(frozen=True)
class Swap:
    """A unit as it was recorded, and with the events at `position` and after it changed places."""

    version: str
    position: int
    types: tuple[str, str]
    recorded: Outcome
    swapped: Outcome


@dataclass(frozen=True)
class Commuting(Property[Swap]):
    ignored: Ignored = NOTHING

    name = "commuting"
    title = "Events that do not commute"
    columns: ClassVar = ("version", "stream", "position", "types", "pointer", "as_recorded", "swapped")
    holds = "In {cases} swaps of neighbours the state stayed the same."
    fails = "{violations} places of states depend on the order of events that should commute."

    def violations(self, case: Swap) -> Iterator[Record]:
        if not case.recorded.comparable:
            return
        where = (case.version, case.recorded.unit, case.position, " and ".join(case.types))
        for failure in case.swapped.failures:
            yield (*where, "", "taken", failure.error)
        if case.swapped.comparable:
            for difference in differences(case.recorded.state or b"", case.swapped.state or b"", self.ignored):
                yield (*where, difference.pointer, difference.first, difference.second)

    def undecided(self, case: Swap) -> str:
        if not case.recorded.comparable:
            return f"{case.version} has no state of them as recorded"
        if not case.swapped.comparable and not case.swapped.failures:
            return f"{case.version} has no state of them in the other order: {case.swapped.unstated}"
        return ""
