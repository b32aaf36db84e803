"""Load flowed: what other checkers did not see is not for want of requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import ClassVar

from harness.bounds import fraction, positive
from harness.checkers import judged
from harness.checkers.evidence import lacking, percent, records, seconds
from harness.history import History, Kind, Row
from harness.scenario import Ending
from harness.verdict import Cell, Evidence, Status, Verdict

# What lasts long on purpose meets each short stall, and comes to no harm by it.
_TOTALS = """
    SELECT count(*), count(sent_ns), count(*) FILTER (excused AND NOT lasting), count(*) FILTER (NOT lasting),
        quantile_disc((sent_ns - scheduled_ns) / 1e6, [0.5, 0.99, 1.0])
    FROM judged
"""
_LANES = """
    SELECT lane, count(*), count(sent_ns), count(*) FILTER (served)
    FROM judged GROUP BY lane ORDER BY lane
"""
# Pauses between the requests that a lane sent, its beginning and end included. A pause that is long enough spans the
# end of a bucket of half that length, so the first and last of each bucket show it. Three kinds are explained: those
# that a stall of the harness overlaps; those in which requests were due that had to wait for users whom the system kept
# busy: that is the system's delay; and those of kept connections while at least half of their requests opened new ones,
# because the system had closed them. How long a pause may be by chance is told from a quiet second (the lower
# quartile), as while the system is out, which may be half the time, the lane of new connections has many more.
_GAPS = """
    WITH counts AS (
        SELECT lane, count(*) AS sent FROM judged
        WHERE sent_ns IS NOT NULL GROUP BY lane, sent_ns // 1_000_000_000
    ), lanes AS (
        SELECT lane, greatest(
            $gap_ns, ($chance_gap * 1e9 / least(quantile_cont(sent, 0.25), sum(sent) * 1e9 / $load_ends_ns))::BIGINT
        ) AS gap_ns
        FROM counts GROUP BY lane
    ), buckets AS (
        SELECT lane, min(sent_ns) AS first_ns, max(sent_ns) AS last_ns
        FROM judged WHERE sent_ns IS NOT NULL GROUP BY lane, sent_ns // ($gap_ns // 2)
        UNION ALL SELECT lane, unnest([0, $load_ends_ns]) AS first_ns, first_ns FROM lanes
    ), pauses AS (
        SELECT lane, lag(last_ns) OVER (PARTITION BY lane ORDER BY first_ns) AS from_ns, first_ns AS until_ns
        FROM buckets
    ), gaps AS (
        SELECT pauses.* FROM pauses JOIN lanes USING (lane) WHERE until_ns - from_ns > gap_ns
    )
    SELECT gaps.from_ns, gaps.until_ns, gaps.lane FROM gaps
    ASOF LEFT JOIN stalls ON gaps.until_ns >= stalls.from_ns
    WHERE coalesce(stalls.until_ns < gaps.from_ns, true) AND NOT EXISTS (
        SELECT 1 FROM judged
        WHERE judged.lane = gaps.lane AND NOT excused AND start_ns > gaps.from_ns
            AND scheduled_ns < gaps.until_ns - $late_ns
    ) AND NOT (gaps.lane = 'kept' AND (
        SELECT count(*) FROM judged
        WHERE judged.lane = 'new' AND scheduled_ns BETWEEN gaps.from_ns AND gaps.until_ns
    ) > (gaps.until_ns - gaps.from_ns) / $load_ends_ns * (
        SELECT count(*) FILTER (judged.lane = 'new') + count(*) FILTER (judged.lane = 'kept') / 2 FROM judged
    ))
"""
_BUSY_SHARE = 0.9
"""From which on processors are too busy for a load to be sent in time, or for what runs on them to be judged slow."""
_CHANCE_GAP = 12
"""Mean intervals between Poisson arrivals that a gap exceeds by chance with a probability of e⁻¹²."""


@dataclass(frozen=True)
class Load:
    """Requests were sent at the rate that was asked for, without gaps, in each lane, and to the versions in question.

    Never fails: load is the harness's own doing. `sent_share_min` of the requests must have been asked for and sent;
    no lane may pause for more than `gap_s_max` without a reason; both versions must have answered `answers_min`
    requests (the new one only if the deployment was to complete); at most `excused_share_max` may have been late by
    the harness's own fault; no worker on another machine may have lost records or have a clock that nobody knows.
    """

    name: ClassVar[str] = "load"
    sent_share_min: float = 0.9
    gap_s_max: float = 1.0
    answers_min: int = 20
    excused_share_max: float = 0.05

    def __post_init__(self) -> None:
        fraction(sent_share_min=self.sent_share_min, excused_share_max=self.excused_share_max)
        positive(gap_s_max=self.gap_s_max, answers_min=self.answers_min)

    def check(self, history: History) -> Verdict:
        lost = tuple(_lost_workers(history))
        missing = lacking(history, self.name, "requests")
        if missing is not None:
            return Verdict(self.name, Status.UNKNOWN, _because(lost)) if lost else missing
        judged.prepare(history)
        [totals] = history.query(_TOTALS)
        lanes = history.query(_LANES)
        scheduled, sent, excused, _, late_ms = totals
        duration_s = seconds(history.facts.load_ends_ns)
        figures: dict[str, Cell] = {"scheduled": scheduled, "sent": sent, "duration_s": duration_s}
        if not sent or duration_s <= 0:
            return Verdict(self.name, Status.UNKNOWN, "No request was sent, so the run shows nothing.", figures)
        figures |= {"rate_per_s": round(sent / duration_s, 3), "excused": excused}
        figures |= {
            f"own_lag_{name}_ms": round(value, 3) for name, value in zip(("p50", "p99", "max"), late_ms, strict=True)
        }
        figures |= _worker_figures(history)
        figures |= {f"sent_{lane}": lane_sent for lane, _, lane_sent, _ in lanes}
        gaps = self._gaps(history)
        doubts = [*lost, *self._doubts(history, totals), *_silent_lanes(lanes), *self._silent_versions(history)]
        doubts += [
            f"nothing was sent in lane {lane!r} from {begin:.1f} s to {end:.1f} s"
            for begin, end, lane in gaps.records[:1]
        ]
        if doubts:
            evidence = (gaps,) if gaps.total else ()
            reason = f"{_because(doubts)}{_busy(history)}"
            return Verdict(self.name, Status.UNKNOWN, reason, figures, evidence)
        reason = f"{sent} requests were sent in {duration_s:.1f} s, {figures['rate_per_s']} a second."
        return Verdict(self.name, Status.PASS, f"{reason}{_busy(history)}", figures)

    def _doubts(self, history: History, totals: Row) -> Iterator[str]:
        scheduled, sent, excused, brief, _ = totals
        asked = history.facts.rate_per_s * seconds(history.facts.load_ends_ns)
        least = self.sent_share_min * asked - 3 * sqrt(asked)  # three deviations of a Poisson count
        if scheduled < least:
            yield f"only {scheduled} requests were scheduled of about {asked:.0f} that the rate asks for"
        if sent < self.sent_share_min * scheduled:
            yield f"only {sent} of {scheduled} requests were sent"
        if excused > self.excused_share_max * brief:
            yield f"the harness itself delayed {percent(excused / brief)} of the requests"

    def _silent_versions(self, history: History) -> Iterator[str]:
        facts = history.facts
        answers: dict[str | None, int] = dict(
            history.query("SELECT version, count(*) FROM judged WHERE served GROUP BY version")
        )
        for version in (facts.old, facts.new) if facts.ending == Ending.COMPLETE else (facts.old,):
            if answers.get(version, 0) < self.answers_min:
                yield f"version {version} answered only {answers.get(version, 0)} requests"

    def _gaps(self, history: History) -> Evidence:
        params = {
            "gap_ns": int(self.gap_s_max * 1e9),
            "chance_gap": _CHANCE_GAP,
            "load_ends_ns": history.facts.load_ends_ns,
            "late_ns": judged.LATE_MS * 1_000_000,
        }
        return records(history, "Pauses in sending", _GAPS, order="until_ns - from_ns DESC", params=params)


def _because(doubts: Sequence[str]) -> str:
    return f"The load did not flow: {'; '.join(doubts)}."


def _busy(history: History) -> str:
    """What to do about it, where the machine had too much to do; also if the load flowed, since others may have had to
    wait for a processor."""
    shares = [moment.detail.get("busy_share") for moment in history.moments(Kind.MACHINE)]
    busy = max((share for share in shares if isinstance(share, float)), default=0.0)
    if busy < _BUSY_SHARE:
        return ""
    return f" The processors were {busy:.0%} busy: let this machine do nothing else, or ask for less with --rate."


def _worker_figures(history: History) -> dict[str, Cell]:
    if not history.facts.remote_workers:
        return {}
    return {"workers": history.facts.remote_workers, "clock_error_max_ms": round(history.clock_error_ns / 1e6, 3)}


def _lost_workers(history: History) -> Iterator[str]:
    """Workers on other machines whose records are not all there, or are by a clock that nobody knows."""
    accounts = history.moments(Kind.WORKER)
    if len(accounts) < history.facts.remote_workers:
        yield f"of {history.facts.remote_workers} workers only {len(accounts)} gave account"
    for account in accounts:
        if account.detail.get("whole") is not True:
            yield f"the records of {account.name} are not whole: {account.detail.get('trouble') or 'nobody knows why'}"
    if history.clock_error_ns > judged.LATE_MS * 1_000_000:
        yield f"the workers' clocks are known to no better than {history.clock_error_ns / 1e6:.1f} ms"


def _silent_lanes(lanes: list[Row]) -> Iterator[str]:
    for lane, scheduled, sent, answered in lanes:
        if not sent or not answered:
            yield f"of {scheduled} requests in lane {lane!r}, {sent} were sent and {answered} answered"
