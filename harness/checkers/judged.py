"""The requests as availability, latency and load judge them: what was served, and what the harness itself delayed.

A request is *excused* if its delay may be the harness's doing, not the system's: its life overlaps a stall of the
harness, or it was sent late although virtual users were idle (when all users wait for a slow system, being late is
the system's doing and is charged to it: anything else would be coordinated omission). A checker judges by the requests
that are not excused, and does not pass if what was excused is both too much and would have decided.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.history import History
from harness.verdict import Status

SERVED = "coalesce(outcome = 'ok' OR error = 'refused', false)"
"""SQL: a refusal (a 4xx) is an answer."""
LATE_MS = 50
"""From the scheduled to the sent time, from which on a request counts as late. Less than any limit that is judged."""
IDLE_SHARE = 0.1
"""At least this share of the virtual users must have been idle for a late request to be the harness's fault: between
two requests even the users of a saturated system are idle for a moment."""
RECOVERY_S = 1
"""What happens this long after a fault was healed still belongs to the fault."""

# Spans are disjoint and in order, so the last one that began before the end of a request is the one to look at.
_STALLED = """
    SELECT row FROM (SELECT row, scheduled_ns, coalesce(done_ns, scheduled_ns) AS ended_ns FROM requests)
    ASOF JOIN stalls ON ended_ns >= from_ns WHERE until_ns >= scheduled_ns
"""
_FAULTED = """
    SELECT row FROM (SELECT row, scheduled_ns, coalesce(done_ns, scheduled_ns) AS ended_ns FROM requests)
    ASOF JOIN fault_windows ON ended_ns >= from_ns WHERE until_ns + $recovery_ns >= scheduled_ns
"""
# Requests that were sent late, or never, while users were idle. A user is busy from sent to done. How many were is
# known every hundredth of a second; the first of these at which the request was due and not sent tells.
_SENT_LATE = """
    WITH late AS (
        SELECT row, (scheduled_ns + 9_999_999) // 10_000_000 AS tick FROM requests
        WHERE scheduled_ns >= 0 AND (sent_ns IS NULL OR sent_ns - scheduled_ns > $late_ns)
    ), turns AS (
        SELECT (sent_ns + 9_999_999) // 10_000_000 AS tick, count(*) AS step FROM requests
        WHERE sent_ns IS NOT NULL AND done_ns IS NOT NULL GROUP BY tick
        UNION ALL SELECT (done_ns + 9_999_999) // 10_000_000 AS tick, -count(*) FROM requests
        WHERE sent_ns IS NOT NULL AND done_ns IS NOT NULL GROUP BY tick
    ), busy AS (
        SELECT tick, sum(step) OVER (ORDER BY tick) AS users FROM turns
    )
    SELECT row FROM late ASOF LEFT JOIN busy USING (tick)
    WHERE coalesce(users, 0) <= (1 - $idle_share) * (SELECT count(DISTINCT session) FROM requests)
"""
# By full seconds: does the service level hold in each? Null: there was no request in it.
_LEVELS = """
    SELECT failed <= $error_rate_max * requests AND coalesce(p99_ms <= $p99_ms_max, true) AS holds
    FROM range(($until_ns - $from_ns) // 1_000_000_000) AS seconds(number)
    LEFT JOIN (
        SELECT (scheduled_ns - $from_ns) // 1_000_000_000 AS number, count(*) AS requests,
            count(*) FILTER (NOT served) AS failed, quantile_disc(latency_ms, 0.99) FILTER (NOT lasting) AS p99_ms
        FROM judged WHERE scheduled_ns >= $from_ns AND NOT excused GROUP BY ALL
    ) USING (number)
    ORDER BY number
"""
_NONE = "SELECT 0::BIGINT AS row WHERE false"
_JUDGED = f"""
    SELECT
        row,
        scheduled_ns,
        sent_ns,
        coalesce(sent_ns, scheduled_ns) AS start_ns,
        coalesce(done_ns, scheduled_ns) AS ended_ns,
        (ended_ns - scheduled_ns) / 1e6 AS latency_ms,
        lane, operation, version, attempts,
        operation IN (SELECT operation FROM operations WHERE lasting) AS lasting,
        {SERVED} AS served,
        row IN (SELECT row FROM stalled UNION ALL SELECT row FROM sent_late) AS excused,
        row IN (SELECT row FROM faulted) AS faulted
    FROM requests WHERE scheduled_ns >= 0
"""


def prepare(history: History) -> None:
    """Make the table `judged`: the requests since the load began to flow, with these columns besides recorded ones.

    start_ns: sent, or scheduled if never sent. ended_ns: done or given up. latency_ms: from scheduled to ended.
    lasting: takes long on purpose, so that its latency says nothing. served: answered, if only by a refusal.
    excused: as this module says. faulted: while a fault was in, or just after.
    """
    late_ns = LATE_MS * 1_000_000
    is_late = "sent_ns IS NULL OR sent_ns - scheduled_ns > ?"
    [(late,)] = history.query(f"SELECT count(*) FROM requests WHERE scheduled_ns >= 0 AND ({is_late})", [late_ns])
    if late:
        history.prepare("sent_late", _SENT_LATE, {"late_ns": late_ns, "idle_share": IDLE_SHARE})
    else:
        history.prepare("sent_late", _NONE)
    history.prepare("stalled", _STALLED)
    history.prepare("faulted", _FAULTED, {"recovery_ns": RECOVERY_S * 1_000_000_000})
    history.prepare("judged", _JUDGED)


def levels(
    history: History, from_ns: int, until_ns: int, *, error_rate_max: float, p99_ms_max: float
) -> tuple[bool | None, ...]:
    """Whether the service level holds in each full second of that time, of which `prepare` made the table; None where
    nothing was asked."""
    limits = {"error_rate_max": error_rate_max, "p99_ms_max": p99_ms_max}
    return tuple(holds for (holds,) in history.query(_LEVELS, {"from_ns": from_ns, "until_ns": until_ns, **limits}))


def weigh(without: Sequence[str], with_excused: Sequence[str], excused_share: float, share_max: float) -> Status:
    """The status, from the limits that are broken without and with the excused requests, and the share of these."""
    if without:
        return Status.FAIL
    if with_excused and excused_share > share_max:
        return Status.UNKNOWN
    return Status.PASS
