"""The requests of a history, aggregated in SQL: by bin of time, by version, by error.

A request belongs to the bin in which it was scheduled, so that a slow failure is shown where it began.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.checkers.judged import SERVED
from harness.reporting.axis import NS_A_SECOND, Axis, in_seconds

if TYPE_CHECKING:
    from harness.history import History

ERROR_KINDS_MAX = 4
UNANSWERED = ""
"""The version of requests that nobody answered."""
OTHER = "other"

# As the checkers count: what came before the load's own time is nobody's.
_JUDGED = "scheduled_ns >= 0"
_ERROR = "coalesce(error, 'no reason recorded')"
_LATENCY_MS = "(done_ns - scheduled_ns) / 1e6"
_TIMED = f"{SERVED} AND operation NOT IN (SELECT operation FROM operations WHERE lasting)"
"""What latencies are told of: what was served, and does not last on purpose."""


@dataclass(frozen=True, slots=True)
class VersionSeries:
    """What one version answered, a value a bin; a quantile is None where there is nothing to time."""

    version: str
    served: tuple[int, ...]
    failed: tuple[int, ...]
    p50_ms: tuple[float | None, ...]
    p99_ms: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class ErrorSeries:
    """Failed requests a bin, of one kind of error."""

    error: str
    failed: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Totals:
    """Of one version, or of all. Quantiles are of what was served and does not last on purpose, from the
    scheduled time; None: there is none."""

    version: str
    requests: int
    served: int
    p50_ms: float | None
    p99_ms: float | None
    p999_ms: float | None
    max_ms: float | None

    @property
    def failed(self) -> int:
        return self.requests - self.served

    @property
    def availability(self) -> float | None:
        return self.served / self.requests if self.requests else None


@dataclass(frozen=True, slots=True)
class ErrorTotal:
    error: str
    version: str
    requests: int
    first_s: float
    last_s: float


def traffic(history: History, axis: Axis, versions: Sequence[str]) -> tuple[VersionSeries, ...]:
    """Every version in the order given, so that its place and colour are the same everywhere."""
    served = {version: [0] * axis.bins for version in versions}
    failed = {version: [0] * axis.bins for version in versions}
    p50_ms: dict[str, list[float | None]] = {version: [None] * axis.bins for version in versions}
    p99_ms: dict[str, list[float | None]] = {version: [None] * axis.bins for version in versions}
    if history.has("requests"):
        rows = history.query(
            f"""
            SELECT {_place(axis)} AS place, coalesce(version, '') AS answered_by,
                   count(*) FILTER ({SERVED}), count(*) FILTER (NOT {SERVED}),
                   quantile_disc({_LATENCY_MS}, [0.5, 0.99]) FILTER ({_TIMED})
            FROM requests WHERE {_JUDGED} GROUP BY place, answered_by
            """
        )
        for place, version, served_here, failed_here, quantiles in rows:
            served[version][place] = served_here
            failed[version][place] = failed_here
            p50_ms[version][place], p99_ms[version][place] = quantiles or (None, None)
    return tuple(
        VersionSeries(v, tuple(served[v]), tuple(failed[v]), tuple(p50_ms[v]), tuple(p99_ms[v])) for v in versions
    )


def errors(history: History, axis: Axis) -> tuple[ErrorSeries, ...]:
    """The ERROR_KINDS_MAX most frequent kinds, most frequent first, and the rest as one."""
    if not history.has("requests"):
        return ()
    rows = history.query(
        f"""
        SELECT {_place(axis)} AS place, {_ERROR} AS kind, count(*)
        FROM requests WHERE {_JUDGED} AND NOT {SERVED} GROUP BY place, kind
        """
    )
    totals: dict[str, int] = {}
    for _, error, failed in rows:
        totals[error] = totals.get(error, 0) + failed
    kinds = sorted(totals, key=lambda error: (-totals[error], error))
    shown = kinds[:ERROR_KINDS_MAX]
    names = shown if len(kinds) == len(shown) else [*shown, OTHER]
    bins = {name: [0] * axis.bins for name in names}
    for place, error, failed in rows:
        bins[error if error in shown else OTHER][place] += failed
    return tuple(ErrorSeries(name, tuple(bins[name])) for name in names)


def _place(axis: Axis) -> str:
    """SQL for the bin of a request; what was scheduled beyond the end of the axis counts in its last bin."""
    width_ns = round(axis.bin_s * NS_A_SECOND)
    return f"CAST(least(scheduled_ns // {width_ns}, {axis.bins - 1}) AS INTEGER)"


def totals(history: History) -> tuple[Totals, tuple[Totals, ...]]:
    """Over all requests, and by version."""
    if not history.has("requests"):
        return Totals(UNANSWERED, 0, 0, None, None, None, None), ()
    rows = history.query(
        f"""
        SELECT grouping(version) AS is_overall, coalesce(version, ''), count(*), count(*) FILTER ({SERVED}),
               quantile_disc({_LATENCY_MS}, [0.5, 0.99, 0.999, 1.0]) FILTER ({_TIMED})
        FROM requests WHERE {_JUDGED} GROUP BY GROUPING SETS ((version), ())
        """
    )
    overall = Totals(UNANSWERED, 0, 0, None, None, None, None)
    by_version = []
    for is_overall, version, requests, served, quantiles in rows:
        totals = Totals(version, requests, served, *(quantiles or (None,) * 4))
        if is_overall:
            overall = totals
        else:
            by_version.append(totals)
    return overall, tuple(by_version)


def by_error(history: History) -> tuple[ErrorTotal, ...]:
    if not history.has("requests"):
        return ()
    rows = history.query(
        f"""
        SELECT {_ERROR} AS kind, coalesce(version, '') AS answered_by, count(*) AS requests,
               min(scheduled_ns), max(scheduled_ns)
        FROM requests WHERE {_JUDGED} AND NOT {SERVED}
        GROUP BY kind, answered_by ORDER BY requests DESC, kind, answered_by LIMIT 20
        """
    )
    return tuple(
        ErrorTotal(error, version, requests, in_seconds(first), in_seconds(last))
        for error, version, requests, first, last in rows
    )


def last_done_s(history: History) -> float:
    if not history.has("requests"):
        return 0.0
    last_ns = history.query("SELECT max(greatest(done_ns, scheduled_ns)) FROM requests")[0][0]
    return 0.0 if last_ns is None else in_seconds(last_ns)
