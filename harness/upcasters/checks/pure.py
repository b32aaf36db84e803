"""An upcaster makes of the same data the same, whenever and wherever: no clock, no chance, no environment, no I/O."""

from __future__ import annotations

from collections.abc import Iterator

from harness.upcasters.checks.findings import evidence, failed, same, shown, untried
from harness.upcasters.observations import Attempt, Journey, Observations
from harness.verdict import Cell, Status, Verdict

NAME = "pure"
_KINDS = {"clock": "asks the clock", "random": "asks chance", "environment": "reads the environment", "io": "does I/O"}


def pure(seen: Observations) -> Verdict:
    compared = sum(journey.elsewhere is not None for journey in seen.journeys)
    figures: dict[str, Cell] = {"journeys": len(seen.journeys), "in_another_process": compared}
    problems = list(dict.fromkeys(problem for journey in seen.journeys for problem in _problems(journey)))
    if problems:
        step, problem, where, _ = problems[0]
        found = evidence("what is not pure", ("upcaster", "problem", "where", "for example the event at"), problems)
        return failed(NAME, f"{step} {problem}{f' at {where}' if where else ''}.", found, figures)
    if unknown := untried(NAME, seen, figures):
        return unknown
    if compared < sum(journey.is_complete for journey in seen.journeys):
        return Verdict(NAME, Status.UNKNOWN, "Not every event was tried in a second process.", figures)
    reason = f"{compared} journeys came to the same twice and in another process, and touched nothing."
    return Verdict(NAME, Status.PASS, reason, figures)


def _problems(journey: Journey) -> Iterator[tuple[str, str, str, str]]:
    position = journey.event.position
    for touched in journey.touched:
        what = f"{_KINDS[touched.kind]} ({touched.what})"
        yield journey.way[touched.hop].told, what, touched.where, position
    others = ((journey.again, "the second time"), (journey.elsewhere, "in another process"))
    for other, when in others:
        if other is not None and (place := _differs(journey.first, other)) is not None:
            step = journey.way[min(place, len(journey.way) - 1)]
            yield (
                step.told,
                f"makes something else {when}: {_come_to(journey.first, place)}, {_come_to(other, place)}",
                "",
                position,
            )
            return


def _differs(first: Attempt, other: Attempt) -> int | None:
    """The first step after which they are not the same."""
    for place, (left, right) in enumerate(zip(first.states, other.states, strict=False)):
        if not same(left, right):
            return place
    ended = min(len(first.states), len(other.states))
    return ended if len(first.states) != len(other.states) or bool(first.failure) != bool(other.failure) else None


def _come_to(attempt: Attempt, place: int) -> str:
    return shown(attempt.states[place]) if place < len(attempt.states) else attempt.failure or "nothing"
