"""When users could do nothing: outages, and the longest time without a success."""

from __future__ import annotations

from dataclasses import dataclass

from harness.checkers.evidence import seconds
from harness.history import History, merged

# An outage begins when the first request that fails was sent, and ends when the next that succeeds was sent, in each
# lane; a slow failure so belongs to when it began (as OpenShift's disruption tests have it). That next one is in the
# tenth of a second of the failure, or is the first of a later one: no others need to be sorted.
_OUTAGES = """
    WITH failures AS (
        SELECT lane, start_ns, start_ns // 100_000_000 AS tenth FROM judged
        WHERE NOT served AND ($excused OR NOT excused)
    ), served AS (
        SELECT lane, start_ns, start_ns // 100_000_000 AS tenth FROM judged WHERE served
    ), successes AS (
        SELECT lane, start_ns FROM served SEMI JOIN failures USING (lane, tenth)
        UNION ALL SELECT lane, min(start_ns) FROM served GROUP BY lane, tenth
    )
    SELECT min(failures.start_ns), coalesce(successes.start_ns, greatest($load_ends_ns, max(failures.start_ns)))
    FROM failures ASOF LEFT JOIN successes
        ON failures.lane = successes.lane AND failures.start_ns < successes.start_ns
    GROUP BY failures.lane, successes.start_ns
"""
_GAPS = """
    WITH ends AS (
        SELECT ended_ns FROM judged WHERE served UNION ALL SELECT unnest([0, $load_ends_ns])
    )
    SELECT lag(ended_ns) OVER (ORDER BY ended_ns) AS from_ns, ended_ns AS until_ns FROM ends
"""
# Gaps shorter than this are not looked at one by one.
_GAP_NS_MIN = 50_000_000


@dataclass(frozen=True)
class Outages:
    """In seconds. `total_s` is the time in which at least one lane was out, `longest_s` the longest such stretch."""

    total_s: float
    longest_s: float


def measure_outages(history: History, *, excused: bool) -> Outages:
    """From the table `judged`. Failures that may be the harness's own doing count only if `excused`."""
    params = {"excused": excused, "load_ends_ns": history.facts.load_ends_ns}
    spans = merged((start, end) for start, end in history.query(_OUTAGES, params))
    lasted_ns = [end - start for start, end in spans]
    return Outages(total_s=seconds(sum(lasted_ns)), longest_s=seconds(max(lasted_ns, default=0)))


def longest_gap_s(history: History) -> float:
    """Between two answers that were successes, from the beginning of the load to its end; 0.0 if below 0.05 s.

    A gap in which the harness itself did not run does not count.
    """
    gaps = history.query(
        f"SELECT * FROM ({_GAPS}) WHERE until_ns - from_ns >= $gap_ns_min ORDER BY until_ns - from_ns DESC",
        {"load_ends_ns": history.facts.load_ends_ns, "gap_ns_min": _GAP_NS_MIN},
    )
    stalls = history.stalls()
    for from_ns, until_ns in gaps:
        if not any(start <= until_ns and end >= from_ns for start, end in stalls):
            return seconds(until_ns - from_ns)
    return 0.0
