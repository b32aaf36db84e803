"""The few numbers a reader wants first, and the clock of a rollback."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.reporting.text import NONE, count, milliseconds, percent, seconds
from harness.reporting.timeline_data import Mark, MarkKind, Timeline
from harness.verdict import Verdict

AVAILABILITY_CHECKER = "availability"
ROLLBACK_CHECKER = "rollback"
CLOCK = {
    "first_bad_s": "first bad answer",
    "detected_s": "detected",
    "decided_s": "decided to turn back",
    "last_bad_s": "last bad answer",
    "slo_met_s": "service level met again",
    "ended_s": "deployment ended",
}
"""The rollback checker's figures that are times of the run."""


@dataclass(frozen=True)
class KeyFigure:
    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Tick:
    """One event of a rollback, `after_s` seconds after the first of them."""

    what: str
    at_s: float
    after_s: float


def key_figures(timeline: Timeline, verdicts: Sequence[Verdict], events: int | None) -> tuple[KeyFigure, ...]:
    overall = timeline.overall
    availability = NONE if overall.availability is None else percent(overall.availability)
    return (
        KeyFigure("Requests", count(overall.requests), f"{count(overall.failed)} failed"),
        KeyFigure("Availability", availability),
        KeyFigure("p99 latency", milliseconds(overall.p99_ms), f"median {milliseconds(overall.p50_ms)}"),
        _outage(verdicts),
        _rollback(timeline, verdicts),
        KeyFigure("Events stored", NONE if events is None else count(events)),
        KeyFigure("Load", seconds(timeline.load_ends_s), f"{_mean_rate(timeline)} requests/s"),
    )


def rollback_clock(verdicts: Sequence[Verdict]) -> tuple[Tick, ...]:
    """What the rollback checker measured, in order of time; nothing if there was no rollback to measure."""
    times = sorted(
        (at_s, what)
        for name, what in CLOCK.items()
        if (at_s := _measured(verdicts, name, ROLLBACK_CHECKER)) is not None
    )
    return tuple(Tick(what, at_s, at_s - times[0][0]) for at_s, what in times)


def _measured(verdicts: Sequence[Verdict], name: str, checker: str) -> float | None:
    values = [verdict.figures.get(name) for verdict in verdicts if verdict.checker == checker]
    return next((float(value) for value in values if isinstance(value, (int, float))), None)


def _outage(verdicts: Sequence[Verdict]) -> KeyFigure:
    """As the availability checker judged it; what counts as an outage is its business, not the report's."""
    outage_s = _measured(verdicts, "outage_s", AVAILABILITY_CHECKER)
    gap_s = _measured(verdicts, "longest_gap_s", AVAILABILITY_CHECKER)
    note = "not judged" if outage_s is None else "" if gap_s is None else f"longest gap {seconds(gap_s)}"
    return KeyFigure("Outage", seconds(outage_s), note)


def _rollback(timeline: Timeline, verdicts: Sequence[Verdict]) -> KeyFigure:
    took_s = _measured(verdicts, "took_s", ROLLBACK_CHECKER)
    if took_s is not None:
        return KeyFigure("Rollback", seconds(took_s), "from first bad answer")
    decided, ended = _first(timeline.marks, MarkKind.SETBACK), _first(timeline.marks, MarkKind.ENDED)
    if decided is None:
        return KeyFigure("Rollback", NONE, "not needed")
    if ended is None or ended.text != "rolled back":
        return KeyFigure("Rollback", NONE, "did not end")
    return KeyFigure("Rollback", seconds(ended.at_s - decided.at_s), "from decided to done")


def _first(marks: Sequence[Mark], kind: MarkKind) -> Mark | None:
    return next((mark for mark in marks if mark.kind is kind), None)


def _mean_rate(timeline: Timeline) -> str:
    return count(round(timeline.overall.requests / timeline.load_ends_s)) if timeline.load_ends_s > 0 else NONE
