"""How long each way of asking was out, with the bounds between which that lies; docs/disruption.md says how it is told.

What breaks one client may spare another: one on a new connection, one on a kept one; reads, writes, and long requests
that are in flight when an instance stops. So each of these is a lane of its own, and judged by itself. So is each
instance that was asked past the router, on connections of both kinds, to read and to write, for as long as it was to
serve.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.bounds import positive
from harness.checkers import judged
from harness.checkers.evidence import lacking, seconds
from harness.history import History, Kind
from harness.verdict import EVIDENCE_RECORDS_MAX, Cell, Evidence, Status, Verdict

_ROUTED = """
    SELECT lane || CASE WHEN lasting THEN ' long' WHEN operation IN (SELECT operation FROM operations WHERE writes)
        THEN ' writes' ELSE ' reads' END AS lane, NULL AS instance, start_ns, served, excused, version
    FROM judged
"""
# What was sent to an instance while it was to serve. If its prober did not run for a while, so that something was sent
# late, then what failed meanwhile is not for certain the instance's doing.
_DIRECT = f"""
    WITH direct_requests AS (
        SELECT 'direct ' || lane || CASE WHEN operation = writes THEN ' writes ' ELSE ' reads ' END || instance AS lane,
            instance, scheduled_ns,
            coalesce(sent_ns, scheduled_ns) AS start_ns, done_ns,
            {judged.SERVED} AS served, direct.version AS version
        FROM direct JOIN direct_windows USING (instance) WHERE scheduled_ns < until_ns
    ), late AS (
        SELECT instance, scheduled_ns AS from_ns, start_ns AS until_ns FROM direct_requests
        WHERE start_ns - scheduled_ns > $late_ns
    )
    SELECT lane, instance, start_ns, served, NOT served AND EXISTS (
        FROM late WHERE late.instance = direct_requests.instance AND from_ns <= done_ns AND until_ns >= scheduled_ns
    ) AS excused, version
    FROM direct_requests
"""
_BOUNDS = """
    WITH routed AS (SELECT lane, max(start_ns) AS last_ns FROM lane_requests WHERE instance IS NULL GROUP BY lane)
    SELECT lane, 0 AS from_ns, greatest($load_ends_ns, (SELECT max(last_ns) + 1 FROM routed)) AS until_ns
    FROM routed
    UNION ALL
    SELECT direct_lanes.lane, coalesce(min(start_ns), any_value(from_ns)), any_value(direct_lanes.until_ns)
    FROM (
        SELECT 'direct ' || connection || ' ' || kind || ' ' || instance AS lane, from_ns, until_ns
        FROM direct_windows
        CROSS JOIN (VALUES ('new'), ('kept')) AS connections(connection)
        CROSS JOIN (VALUES ('reads'), ('writes')) AS kinds(kind)
        WHERE kind = 'reads' OR writes IS NOT NULL
    ) AS direct_lanes LEFT JOIN lane_requests ON lane_requests.lane = direct_lanes.lane
    GROUP BY direct_lanes.lane
"""
_LANES = """
    SELECT lane, count(start_ns), (any_value(until_ns) - any_value(from_ns)) / 1e9
    FROM lane_bounds LEFT JOIN lane_requests USING (lane) GROUP BY lane ORDER BY lane
"""
# From one success to the next, by when they were sent; the time in which the lane was asked bounds them. Only what was
# sent after the one and before the other tells of the time between.
_SPANS = """
    WITH successes AS (
        SELECT lane, start_ns AS at_ns FROM lane_requests WHERE served
        UNION SELECT lane, from_ns FROM lane_bounds
        UNION SELECT lane, until_ns FROM lane_bounds
    ), spans AS (
        SELECT lane, lag(at_ns) OVER (PARTITION BY lane ORDER BY at_ns) AS from_ns, at_ns AS until_ns FROM successes
    ), failures AS (
        SELECT lane_requests.lane, at_ns AS until_ns, min(start_ns) AS first_ns,
            min(start_ns) FILTER (NOT excused) AS surely_from_ns, max(start_ns) FILTER (NOT excused) AS surely_until_ns,
            count(*) AS failed, coalesce(string_agg(DISTINCT version, ', ' ORDER BY version), '') AS versions
        FROM lane_requests ASOF JOIN successes ON lane_requests.lane = successes.lane AND start_ns < at_ns
        WHERE NOT served GROUP BY lane_requests.lane, at_ns
    )
    SELECT lane, from_ns, until_ns, first_ns, surely_from_ns, surely_until_ns,
        coalesce(failed, 0), coalesce(versions, '')
    FROM spans LEFT JOIN failures USING (lane, until_ns)
    WHERE from_ns IS NOT NULL AND (failed IS NOT NULL OR until_ns - from_ns > $longest_ns)
    ORDER BY coalesce(first_ns, from_ns), lane
"""
_COLUMNS = ("lane", "from_s", "lasted_s", "at_least_s", "at_most_s", "failed", "versions")


@dataclass(frozen=True)
class Span:
    """From one success of a lane to the next. Times are those at which the requests were sent."""

    lane: str
    from_ns: int
    """Of the success before."""
    until_ns: int
    """Of the next one."""
    first_ns: int | None
    """Of the first failure; None: none failed, but nobody asked for so long that nobody knows."""
    surely_from_ns: int | None
    surely_until_ns: int | None
    """Of the first and the last failure that is not the harness's own doing; None: none is."""
    failed: int
    versions: str
    """Of those who answered that they failed."""

    @property
    def began_s(self) -> float:
        return seconds(self.from_ns if self.first_ns is None else self.first_ns)

    @property
    def lasted_s(self) -> float | None:
        """From the first failure to the next success."""
        return None if self.first_ns is None else seconds(self.until_ns - self.first_ns)

    @property
    def at_least_s(self) -> float:
        """From the first failure to the last."""
        if self.surely_from_ns is None or self.surely_until_ns is None:
            return 0.0
        return seconds(self.surely_until_ns - self.surely_from_ns)

    @property
    def at_most_s(self) -> float:
        """From success to success."""
        return seconds(self.until_ns - self.from_ns)

    def record(self) -> tuple[Cell, ...]:
        return self.lane, self.began_s, self.lasted_s, self.at_least_s, self.at_most_s, self.failed, self.versions


@dataclass(frozen=True)
class Disruption:
    """No lane was out for longer than `outage_s_max`, and each was asked so often that this is known.

    A lane is a kind of connection, new or kept, and reads, writes or requests that take long on purpose. It fails if an
    outage surely lasted longer, passes if it surely did not, and is unknown between; and unknown if a lane had fewer
    than `rate_per_s_min` requests a second. Faults are not left out: this is what users saw.
    """

    name: ClassVar[str] = "disruption"
    outage_s_max: float = 1.0
    rate_per_s_min: float = 100.0

    def __post_init__(self) -> None:
        positive(outage_s_max=self.outage_s_max, rate_per_s_min=self.rate_per_s_min)

    def check(self, history: History) -> Verdict:
        missing = lacking(history, self.name, "requests")
        if missing is not None:
            return missing
        judged.prepare(history)
        _prepare(history)
        rates = {lane: requests / lasted_s for lane, requests, lasted_s in history.query(_LANES) if lasted_s > 0}
        spans = self._spans(history)
        outages = [span for span in spans if span.failed]
        broken = [span for span in outages if span.at_least_s > self.outage_s_max]
        doubts = list(self._doubts(rates, spans))
        figures = _figures(rates, outages)
        if broken:
            reason, evidence = self._failed(broken), (_evidence(broken),)
            return Verdict(self.name, Status.FAIL, reason, figures, evidence, broken[0].began_s)
        if doubts:
            reason = f"{doubts[0]}{f'; and {len(doubts) - 1} more doubts' if doubts[1:] else ''}."
            return Verdict(self.name, Status.UNKNOWN, reason, figures, (_evidence(spans),) if spans else ())
        return Verdict(self.name, Status.PASS, self._passed(rates, outages), figures)

    def _spans(self, history: History) -> list[Span]:
        return [Span(*row) for row in history.query(_SPANS, {"longest_ns": round(self.outage_s_max * 1e9)})]

    def _doubts(self, rates: Mapping[str, float], spans: Sequence[Span]) -> Iterator[str]:
        if not rates:
            yield "There was no request to judge by"
        for lane, rate in rates.items():
            if rate < self.rate_per_s_min:
                yield (
                    f"{_called(lane)} had {rate:.3g} requests a second; {self.rate_per_s_min:g} are needed to tell how"
                    " long it was out"
                )
        for span in spans:
            if span.at_most_s > self.outage_s_max:
                yield (
                    f"{_called(span.lane)} may have been out for {span.at_most_s:.3f} s, more than"
                    f" {self.outage_s_max:g} s: none of what was sent after {seconds(span.from_ns):.3f} s was served"
                )

    def _failed(self, broken: Sequence[Span]) -> str:
        first = broken[0]
        by = f", as {first.versions} answered" if first.versions else ""
        return (
            f"{_called(first.lane)} was out for {first.lasted_s:.3f} s (at least {first.at_least_s:.3f} s), more than"
            f" {self.outage_s_max:g} s: {first.failed} requests that were sent from {first.began_s:.3f} s on were not"
            f" served{by}; {len(broken)} such outages in all."
        )

    def _passed(self, rates: Mapping[str, float], outages: Sequence[Span]) -> str:
        kept = f"None of {len(rates)} lanes was out for more than {self.outage_s_max:g} s"
        if not outages:
            return f"{kept}: no request failed."
        longest = max(outages, key=lambda span: span.at_most_s)
        return f"{kept}; {longest.lane!r} for at most {longest.at_most_s:.3f} s, the longest of {len(outages)} outages."


def _prepare(history: History) -> None:
    """The tables `lane_requests`, of all that was asked, and `lane_bounds`, of when each lane was."""
    windows = [
        (
            moment.name,
            moment.detail.get("writes"),
            moment.at_ns,
            history.facts.load_ends_ns if moment.until_ns is None else moment.until_ns,
        )
        for moment in history.moments(Kind.DIRECT)
    ]
    columns = {"instance": "VARCHAR", "writes": "VARCHAR", "from_ns": "BIGINT", "until_ns": "BIGINT"}
    history.enter("direct_windows", columns, windows)
    if history.has("direct"):
        history.prepare("lane_requests", f"{_ROUTED} UNION ALL ({_DIRECT})", {"late_ns": judged.LATE_MS * 1_000_000})
    else:
        history.prepare("lane_requests", _ROUTED)
    history.prepare("lane_bounds", _BOUNDS, {"load_ends_ns": history.facts.load_ends_ns})


def _called(lane: str) -> str:
    return f"The lane {lane!r}"


def _figures(rates: Mapping[str, float], outages: Sequence[Span]) -> dict[str, Cell]:
    figures: dict[str, Cell] = {"outages": len(outages)}
    for lane, rate in rates.items():
        of_lane = [span for span in outages if span.lane == lane]
        figures[f"requests_per_s {lane}"] = round(rate, 3)
        figures[f"longest_outage_s {lane}"] = max((span.lasted_s or 0.0 for span in of_lane), default=0.0)
        figures[f"at_most_s {lane}"] = max((span.at_most_s for span in of_lane), default=0.0)
    return figures


def _evidence(spans: Sequence[Span]) -> Evidence:
    shown = tuple(span.record() for span in spans[:EVIDENCE_RECORDS_MAX])
    return Evidence("Outages, by lane, from the first request that failed on", _COLUMNS, shown, len(spans))
