"""The few numbers a reader wants first, and the clock of a rollback."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.reporting.text import NONE, count, milliseconds, percent, seconds
from harness.reporting.timeline_data import Mark, MarkKind, Timeline
from harness.verdict import Verdict

ROLLBACK_CHECKER = "rollback"
AT = "_at_s"
"""Figures of the rollback checker whose names end so are times on the clock of the run."""


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
        _rollback(timeline),
        KeyFigure("Events stored", NONE if events is None else count(events)),
        KeyFigure("Load", seconds(timeline.load_ends_s), f"{_mean_rate(timeline)} requests/s"),
    )


def rollback_clock(verdicts: Sequence[Verdict]) -> tuple[Tick, ...]:
    """What the rollback checker measured, in order of time; nothing if there was no rollback to measure."""
    times = [
        (float(value), name.removesuffix(AT).replace("_", " "))
        for verdict in verdicts
        if verdict.checker == ROLLBACK_CHECKER
        for name, value in verdict.figures.items()
        if name.endswith(AT) and isinstance(value, (int, float))
    ]
    return tuple(Tick(what, at_s, at_s - min(times)[0]) for at_s, what in sorted(times))


def _outage(verdicts: Sequence[Verdict]) -> KeyFigure:
    """As the availability checker judged it; what counts as an outage is its business, not the report's."""
    measured = [verdict.figures["outage_s"] for verdict in verdicts if "outage_s" in verdict.figures]
    values = [value for value in measured if isinstance(value, (int, float))]
    return KeyFigure("Outage", seconds(max(values)) if values else NONE, "" if values else "not judged")


def _rollback(timeline: Timeline) -> KeyFigure:
    decided = _first(timeline.marks, MarkKind.SETBACK)
    ended = _first(timeline.marks, MarkKind.ENDED)
    if decided is None:
        return KeyFigure("Rollback", NONE, "not needed")
    if ended is None or ended.text != "rolled back":
        return KeyFigure("Rollback", NONE, "did not end")
    return KeyFigure("Rollback", seconds(ended.at_s - decided.at_s), "from decided to done")


def _first(marks: Sequence[Mark], kind: MarkKind) -> Mark | None:
    return next((mark for mark in marks if mark.kind is kind), None)


def _mean_rate(timeline: Timeline) -> str:
    return count(round(timeline.overall.requests / timeline.load_ends_s)) if timeline.load_ends_s > 0 else NONE
