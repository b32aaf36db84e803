"""What the report draws of a history, as values; times are seconds of the run. Nothing here knows about drawing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from harness.history import Kind, Moment, RunFacts
from harness.reporting.axis import Axis, Span, axis_over, in_seconds
from harness.reporting.traffic_data import (
    UNANSWERED,
    ErrorSeries,
    ErrorTotal,
    Totals,
    VersionSeries,
    by_error,
    errors,
    last_done_s,
    totals,
    traffic,
)
from harness.verdict import Verdict

if TYPE_CHECKING:
    from harness.history import History


@dataclass(frozen=True, slots=True)
class StepBand:
    number: int
    name: str
    span: Span
    expected: bool
    """A deployment without setbacks announces this step."""


@dataclass(frozen=True, slots=True)
class FaultBand:
    """From injection to healed. `bit` and `healed` say whether that was proved, and the words by what."""

    name: str
    kind: str
    target: str
    span: Span
    bit: bool
    bit_by: str
    healed: bool
    healed_by: str


class MarkKind(StrEnum):
    GATE_PASSED = "gate passed"
    GATE_FAILED = "gate failed"
    SETBACK = "turns back"
    ENDED = "deployment ends"
    VIOLATION = "first violation"
    LOAD_ENDS = "load ends"


@dataclass(frozen=True, slots=True)
class Mark:
    kind: MarkKind
    at_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Weights:
    """From `at_s` on, each version's share of the traffic, in the order of `Timeline.versions`."""

    at_s: float
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class InstanceLife:
    name: str
    version: str
    span: Span


@dataclass(frozen=True, slots=True)
class Told:
    at_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Remarks:
    """What the platform said under one name, as `Unhealthy`, in the order in which it said it."""

    reason: str
    warning: bool
    told: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class LagPoint:
    at_s: float
    events_behind: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """`versions`: the old one, the new one, then any other that answered; UNANSWERED last, if it occurs."""

    axis: Axis
    versions: tuple[str, ...]
    steps: tuple[StepBand, ...]
    faults: tuple[FaultBand, ...]
    marks: tuple[Mark, ...]
    weights: tuple[Weights, ...]
    instances: tuple[InstanceLife, ...]
    traffic: tuple[VersionSeries, ...]
    errors: tuple[ErrorSeries, ...]
    lag: tuple[LagPoint, ...]
    remarks: tuple[Remarks, ...]
    """Without those that are part of every start; warnings first."""
    stalls: tuple[Span, ...]
    overall: Totals
    by_version: tuple[Totals, ...]
    by_error: tuple[ErrorTotal, ...]
    load_ends_s: float

    def bin_length_s(self, place: int) -> float:
        """How long load flowed in a bin: the one in which it ended is shorter."""
        begins_s = place * self.axis.bin_s
        flowed_s = min(begins_s + self.axis.bin_s, self.load_ends_s, self.axis.end_s) - begins_s
        return flowed_s if flowed_s > 0 else self.axis.bin_s


def timeline(history: History, verdicts: Sequence[Verdict] = ()) -> Timeline:
    """Everything the report draws of one run. Takes four passes over the requests, none of them in Python."""
    facts, moments = history.facts, history.timeline
    overall, by_version = totals(history)
    axis = axis_over(_length_s(facts, moments, last_done_s(history)), overall.requests)
    found = {totals.version for totals in by_version} | {
        version for moment in moments if moment.kind is Kind.WEIGHTS for version in moment.detail
    }
    versions = _ordered(found, facts)
    return Timeline(
        axis=axis,
        versions=versions,
        steps=_steps(facts, moments, axis),
        faults=_faults(moments, axis),
        marks=_marks(facts, moments, verdicts),
        weights=_weights(moments, versions),
        instances=_instances(moments, axis),
        traffic=traffic(history, axis, versions),
        errors=errors(history, axis),
        lag=_lag(moments, axis),
        remarks=_remarks(moments, axis),
        stalls=_stalls(moments, axis),
        overall=overall,
        by_version=tuple(sorted(by_version, key=lambda totals: versions.index(totals.version))),
        by_error=by_error(history),
        load_ends_s=in_seconds(facts.load_ends_ns),
    )


def stored_events(history: History) -> int | None:
    """How many events the store held at the end; None if that was not recorded."""
    if not history.has("store"):
        return None
    return int(history.query("SELECT count(*) FROM store")[0][0])


def _span(moment: Moment, axis: Axis) -> Span | None:
    """A moment without an end lasts to the end of the axis."""
    until_s = axis.end_s if moment.until_ns is None else in_seconds(moment.until_ns)
    return axis.clipped(in_seconds(moment.at_ns), until_s)


def _length_s(facts: RunFacts, moments: Iterable[Moment], last_done_s: float) -> float:
    drawn = (moment for moment in moments if moment.kind not in (Kind.NOTE, Kind.REMARK))
    last_moment_s = max(
        (in_seconds(moment.at_ns if moment.until_ns is None else moment.until_ns) for moment in drawn), default=0.0
    )
    return max(in_seconds(facts.load_ends_ns), last_done_s, last_moment_s, 0.1)


def _ordered(found: Iterable[str], facts: RunFacts) -> tuple[str, ...]:
    known = [facts.old, *([facts.new] if facts.new != facts.old else [])]
    others = sorted(set(found) - {*known, UNANSWERED})
    return (*known, *others, *([UNANSWERED] if UNANSWERED in found else []))


# ── moments ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _steps(facts: RunFacts, moments: Sequence[Moment], axis: Axis) -> tuple[StepBand, ...]:
    """A step without an end lasts until the next began, the last one until the deployment ended."""
    steps = [moment for moment in moments if moment.kind is Kind.STEP]
    ended_s = min((in_seconds(m.at_ns) for m in moments if m.kind is Kind.ENDED), default=axis.end_s)
    starts_s = [in_seconds(moment.at_ns) for moment in steps]
    bands = []
    for number, (step, next_s) in enumerate(zip(steps, [*starts_s[1:], ended_s], strict=False), start=1):
        end_s = next_s if step.until_ns is None else in_seconds(step.until_ns)
        span = axis.clipped(in_seconds(step.at_ns), max(end_s, in_seconds(step.at_ns)))
        if span is not None:
            bands.append(StepBand(number, step.name, span, step.name in facts.steps))
    return tuple(bands)


def _faults(moments: Iterable[Moment], axis: Axis) -> tuple[FaultBand, ...]:
    spans = [(moment, _span(moment, axis)) for moment in moments if moment.kind is Kind.FAULT]
    return tuple(
        FaultBand(
            name=moment.name,
            kind=str(moment.detail.get("kind", "")),
            target=str(moment.detail.get("target", "")),
            span=span,
            bit=moment.detail.get("bit") is True,
            bit_by=str(moment.detail.get("bit_by") or ""),
            healed=moment.detail.get("healed") is True,
            healed_by=str(moment.detail.get("healed_by") or ""),
        )
        for moment, span in spans
        if span is not None
    )


def _marks(facts: RunFacts, moments: Iterable[Moment], verdicts: Sequence[Verdict]) -> tuple[Mark, ...]:
    marks = [Mark(MarkKind.LOAD_ENDS, in_seconds(facts.load_ends_ns), "")]
    for moment in moments:
        at_s = in_seconds(moment.at_ns)
        match moment.kind:
            case Kind.GATE:
                passed = moment.detail.get("passed") is True
                kind = MarkKind.GATE_PASSED if passed else MarkKind.GATE_FAILED
                marks.append(Mark(kind, at_s, str(moment.detail.get("reason", moment.name))))
            case Kind.SETBACK:
                marks.append(Mark(MarkKind.SETBACK, at_s, str(moment.detail.get("reason", moment.name))))
            case Kind.ENDED:
                marks.append(Mark(MarkKind.ENDED, at_s, str(moment.detail.get("outcome", moment.name))))
            case _:
                pass
    violations = [(v.first_violation_s, v.checker) for v in verdicts if v.first_violation_s is not None]
    if violations:
        first_s, checker = min(violations)
        marks.append(Mark(MarkKind.VIOLATION, first_s, checker))
    return tuple(sorted(marks, key=lambda mark: mark.at_s))


def _weights(moments: Iterable[Moment], versions: Sequence[str]) -> tuple[Weights, ...]:
    """Weights that only repeat what was are left out."""
    found: list[Weights] = []
    for moment in moments:
        if moment.kind is Kind.WEIGHTS:
            numbers = [_number(moment.detail.get(version)) for version in versions]
            total = sum(numbers)
            shares = tuple(number / total if total else 0.0 for number in numbers)
            if not found or found[-1].shares != shares:
                found.append(Weights(max(in_seconds(moment.at_ns), 0.0), shares))
    return tuple(found)


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0


def _instances(moments: Iterable[Moment], axis: Axis) -> tuple[InstanceLife, ...]:
    """Lives in the order in which they began; an instance that came back with another version lives twice."""
    open_since: dict[tuple[str, str], float] = {}
    lives: list[tuple[str, str, float, float]] = []
    for moment in moments:
        if moment.kind is not Kind.FLEET:
            continue
        at_s = in_seconds(moment.at_ns)
        present = {(name, str(version)) for name, version in moment.detail.items()}
        for gone in open_since.keys() - present:
            lives.append((*gone, open_since.pop(gone), at_s))
        for key in present:
            open_since.setdefault(key, at_s)
    lives.extend((*key, since_s, axis.end_s) for key, since_s in open_since.items())
    lives.sort(key=lambda life: (life[2], life[0]))
    spans = ((name, version, axis.clipped(start_s, end_s)) for name, version, start_s, end_s in lives)
    return tuple(InstanceLife(name, version, span) for name, version, span in spans if span is not None)


def _lag(moments: Iterable[Moment], axis: Axis) -> tuple[LagPoint, ...]:
    """At most the worst sample of each bin: a long run samples more often than can be drawn."""
    worst: dict[int, LagPoint] = {}
    for moment in moments:
        behind = moment.detail.get("events_behind")
        at_s = in_seconds(moment.at_ns)
        if moment.kind is Kind.LAG and isinstance(behind, int) and 0 <= at_s <= axis.end_s:
            place = int(at_s / axis.bin_s)
            if place not in worst or behind > worst[place].events_behind:
                worst[place] = LagPoint(at_s, behind)
    return tuple(worst[place] for place in sorted(worst))


def _remarks(moments: Iterable[Moment], axis: Axis) -> tuple[Remarks, ...]:
    """Those of the run itself: what is said before the load flows is of its start."""
    told: dict[tuple[bool, str], list[Told]] = {}
    for moment in moments:
        at_s, detail = in_seconds(moment.at_ns), moment.detail
        if moment.kind is Kind.REMARK and detail.get("routine") is not True and 0 <= at_s <= axis.end_s:
            key = (detail.get("warning") is True, moment.name)
            told.setdefault(key, []).append(Told(at_s, f"{detail.get('about')}: {detail.get('text')}"))
    ordered = sorted(told.items(), key=lambda item: (not item[0][0], item[1][0].at_s))
    return tuple(Remarks(reason, warning, tuple(moments)) for (warning, reason), moments in ordered)


def _stalls(moments: Iterable[Moment], axis: Axis) -> tuple[Span, ...]:
    spans = (_span(moment, axis) for moment in moments if moment.kind is Kind.STALL)
    return tuple(span for span in spans if span is not None)
