"""Is the new version slower than the old one? The tail of the one held against the tail of the other.

The quantile test (Conover, *Practical Nonparametric Statistics*, 3rd ed., section 3.2): if the new version's 99th
percentile is at most T, then at most 1 % of its requests take longer than T, and the number of those that do is
binomial. T is the old version's own 99th percentile with an allowance, so a difference must be large to count, and the
exact binomial tail says that it is no accident.

What slows all alike for a moment (an instance starts, the machine is busy) says nothing of a version, and its requests
are not independent: for each version, the fifth of its requests that lie in the busiest half seconds is left out. How
busy those were is told by the 75th percentile of all requests in them, which a slow tail does not move. What ran while
a fault was in is left out too.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.checkers.binomial import upper_tail
from harness.history import History

_CALM_SHARE = 0.8
_TAIL = 0.01
"""What the 99th percentile leaves above it."""

_COMPARABLE = """
    WITH candidates AS (
        SELECT row, version, latency_ms, operation, scheduled_ns // 500_000_000 AS block
        FROM judged
        WHERE served AND NOT excused AND NOT faulted AND version IN ($old, $new)
            AND operation NOT IN (SELECT unnest($exclude::VARCHAR[]))
    ), both_do AS (
        SELECT operation FROM candidates GROUP BY operation HAVING count(DISTINCT version) = 2
    ), busy AS (
        SELECT block, quantile_disc(latency_ms, 0.75) AS p75_ms FROM candidates GROUP BY block
    ), ranked AS (
        SELECT version, block, count(*) AS requests,
            sum(count(*)) OVER (PARTITION BY version ORDER BY any_value(p75_ms), block) AS calmer_and_these,
            sum(count(*)) OVER (PARTITION BY version) AS all_requests
        FROM candidates JOIN busy USING (block) GROUP BY version, block
    ), calm AS (
        SELECT version, block FROM ranked WHERE calmer_and_these - requests < $calm_share * all_requests
    )
    SELECT row, version, latency_ms FROM candidates JOIN calm USING (version, block) JOIN both_do USING (operation)
"""


@dataclass(frozen=True)
class Comparison:
    """Two versions by requests that may be compared. `allowed_ms` is what the new 99th percentile may be."""

    old_requests: int
    new_requests: int
    old_p99_ms: float
    new_p99_ms: float
    allowed_ms: float
    slower: int
    """Requests of the new version above `allowed_ms`."""
    chance: float
    """Probability of that many or more, if the new 99th percentile is as allowed."""


def compare(history: History, exclude: tuple[str, ...], ratio_max: float, slack_ms: float) -> Comparison | None:
    """Hold new against old, by the table `judged`; None if one of them has no request to compare.

    The new 99th percentile may be `ratio_max` times the old one, or `slack_ms` more, whichever allows more.
    """
    history.prepare(
        "compared_latencies",
        _COMPARABLE,
        {
            "old": history.facts.old,
            "new": history.facts.new,
            "exclude": list(exclude),
            "calm_share": _CALM_SHARE,
        },
    )
    found = {
        version: (requests, p99_ms)
        for version, requests, p99_ms in history.query(
            "SELECT version, count(*), quantile_disc(latency_ms, 0.99) FROM compared_latencies GROUP BY version"
        )
    }
    if len(found) < 2:
        return None
    old_requests, old_p99_ms = found[history.facts.old]
    new_requests, new_p99_ms = found[history.facts.new]
    allowed_ms = max(ratio_max * old_p99_ms, old_p99_ms + slack_ms)
    [(slower,)] = history.query(
        "SELECT count(*) FROM compared_latencies WHERE version = ? AND latency_ms > ?", [history.facts.new, allowed_ms]
    )
    return Comparison(
        old_requests,
        new_requests,
        old_p99_ms,
        new_p99_ms,
        allowed_ms,
        slower,
        upper_tail(slower, new_requests, _TAIL),
    )
