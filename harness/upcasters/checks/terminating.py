"""Every upcaster comes to an end: it raises nothing, and does not hang."""

from __future__ import annotations

from collections.abc import Iterator

from harness.upcasters.checks.findings import evidence, untried
from harness.upcasters.observations import Attempt, Journey, Observations
from harness.verdict import Cell, Status, Verdict

NAME = "terminating"


def terminating(seen: Observations) -> Verdict:
    """Unknown for what did not end although it did not compute: this machine may have had no time for it."""
    figures: dict[str, Cell] = {"journeys": len(seen.journeys), "not_tried_again": seen.barred}
    failures = [(journey, attempt) for journey in seen.journeys for attempt in _failures(journey)]
    if not failures:
        return untried(NAME, seen, figures) or Verdict(
            NAME, Status.PASS, f"All {len(seen.journeys)} journeys of an event through its upcasters ended.", figures
        )
    failures.sort(key=lambda failure: not failure[1].certain)
    journey, attempt = failures[0]
    status = Status.FAIL if attempt.certain else Status.UNKNOWN
    reason = f"{_where(journey, attempt)} did not take the event at {journey.event.position}: {attempt.failure}."
    records = [(each.event.position, _where(each, failure), failure.failure) for each, failure in failures]
    found = evidence("events that were not taken", ("event", "upcaster", "failure"), records)
    return Verdict(NAME, status, reason, figures, (found,))


def _failures(journey: Journey) -> Iterator[Attempt]:
    """The first attempt that failed tells enough of one event."""
    attempts = (journey.first, journey.again, journey.elsewhere)
    return (each for each in attempts if each is not None and each.failure)


def _where(journey: Journey, attempt: Attempt) -> str:
    if len(journey.way) > len(attempt.states) and not attempt.failure.startswith("its process"):
        return journey.way[len(attempt.states)].told
    return "; ".join(step.told for step in journey.way)
