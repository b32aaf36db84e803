"""Every event can be taken by the version."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from harness.replay.outcome import Outcome
from harness.replay.properties import Property, Record


@dataclass(frozen=True)
class Replayed:
    """What came of a unit in a version."""

    version: str
    outcome: Outcome


class Readable(Property[Replayed]):
    """No event is refused, and none ends the process or makes it hang."""

    name = "readable"
    title = "Events that a version cannot take"
    columns: ClassVar = ("version", "stream", "position", "type", "schema_version", "error", "event", "stderr")
    holds = "All events of {cases} replayed streams were taken."
    fails = "{violations} events could not be taken."

    def violations(self, case: Replayed) -> Iterator[Record]:
        outcome = case.outcome
        for failure in outcome.failures:
            yield (
                case.version,
                failure.stream,
                failure.position,
                failure.type,
                failure.version,
                failure.error,
                failure.event,
                failure.stderr,
            )

    def more(self, case: Replayed) -> int:
        return case.outcome.failures_total - len(case.outcome.failures)

    def undecided(self, case: Replayed) -> str:
        if not case.outcome.judged:
            return f"{case.version} was given up before them"
        if case.outcome.unstated and not case.outcome.failures_total:
            return f"{case.version} did not show that it had taken them: {case.outcome.unstated}"
        return ""
