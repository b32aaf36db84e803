"""A snapshot and the events after it give the same state as all events do, whichever version took the snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from harness.replay.compare import NOTHING, Ignored, differences
from harness.replay.outcome import Outcome
from harness.replay.properties import Property, Record


@dataclass(frozen=True)
class Resumed:
    """A unit replayed in full, and from a snapshot that `taken_by` took after `position`.

    `resumed` is None where `taken_by` gave no snapshot there. `refused`: the version would not begin with the snapshot,
    which is right if it then reads all events instead.
    """

    version: str
    taken_by: str
    position: int
    full: Outcome
    resumed: Outcome | None
    refused: bool = False


@dataclass(frozen=True)
class Snapshots(Property[Resumed]):
    """A stale snapshot has to be refused, or brought up to date; it may not be used as it is."""

    ignored: Ignored = NOTHING

    name = "snapshots"
    title = "States from a snapshot that are not those from all events"
    columns: ClassVar = ("version", "snapshot_by", "stream", "snapshot_at", "pointer", "from_all", "from_snapshot")
    holds = "{cases} snapshots and the events after them give the states that all events give, or are refused."
    fails = "{violations} places differ in states from snapshots, in {cases} cases."

    def violations(self, case: Resumed) -> Iterator[Record]:
        if case.refused or case.resumed is None or not case.full.comparable:
            return
        where = (case.version, case.taken_by, case.full.unit, case.position)
        for failure in case.resumed.failures:
            yield (*where, f"event {failure.position}", "taken", failure.error)
        if case.resumed.comparable:
            for difference in differences(case.full.state or b"", case.resumed.state or b"", self.ignored):
                yield (*where, difference.pointer, difference.first, difference.second)

    def undecided(self, case: Resumed) -> str:
        if case.resumed is None:
            return f"{case.taken_by} gives no snapshots, or {case.version} takes none"
        if not case.full.comparable:
            return f"{case.version} has no state of all events"
        if not case.refused and case.resumed.state is None and not case.resumed.failures:
            return f"{case.version} has no state after the snapshot: {case.resumed.unstated}"
        return ""
