"""A rollback may start: the version that it goes back to reads all that was written meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from harness.replay.compare import NOTHING, Ignored, differences
from harness.replay.outcome import Outcome
from harness.replay.properties import Property, Record


@dataclass(frozen=True)
class Return:
    """A unit in the version that a rollback goes back to, and in the one that wrote; None if that was not replayed."""

    to: str
    outcome: Outcome
    written: Outcome | None


@dataclass(frozen=True)
class Rollback(Property[Return]):
    """Asked before a rollback starts; `fail` says not to.

    An event of a later version that was read all the same may have been understood or not. Only the state tells: if it
    is as in the version that wrote, apart from `ignored`, it was.
    """

    ignored: Ignored = NOTHING

    name = "rollback"
    title = "Events that the version to go back to cannot read"
    columns: ClassVar = ("version", "stream", "position", "type", "written_as", "error")
    holds = "The version to go back to reads all events of {cases} streams."
    fails = "Do not roll back: the version to go back to cannot read {violations} events."

    def violations(self, case: Return) -> Iterator[Record]:
        outcome = case.outcome
        for failure in outcome.failures:
            yield (case.to, failure.stream, failure.position, failure.type, failure.version, failure.error)
        if not self._compared(case) or case.written is None:
            return
        for difference in differences(case.written.state or b"", outcome.state or b"", self.ignored):
            for newer in outcome.newer:
                error = (
                    f"read as version {newer.known} without an error, and misunderstood: {difference.pointer} is "
                    f"{difference.second}, not {difference.first}"
                )
                yield (case.to, newer.stream, newer.position, newer.type, newer.written, error)

    def more(self, case: Return) -> int:
        return case.outcome.failures_total - len(case.outcome.failures)

    def undecided(self, case: Return) -> str:
        if not case.outcome.judged:
            return f"{case.to} was given up before them"
        if case.outcome.failures_total:
            return ""
        if case.outcome.state is None:
            return f"{case.to} has no state: {case.outcome.unstated}"
        if case.outcome.newer_total and not self._compared(case):
            first = case.outcome.newer[0]
            return (
                f"{case.to} reads {first.type} of version {first.written} silently as version {first.known}, "
                "and no state of the version that wrote it shows whether it understands"
            )
        return ""

    @staticmethod
    def _compared(case: Return) -> bool:
        """Whether silently read events are judged by the states."""
        return bool(
            case.outcome.newer_total
            and case.outcome.comparable
            and case.written is not None
            and case.written.comparable
        )
