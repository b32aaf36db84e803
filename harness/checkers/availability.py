"""Users were served: errors, and the times in which nothing worked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import ClassVar

from harness.bounds import fraction, positive
from harness.checkers import judged
from harness.checkers.evidence import first_time_s, lacking, percent, records
from harness.checkers.outages import Outages, longest_gap_s, measure_outages
from harness.history import History, RunFacts
from harness.scenario import Ending
from harness.verdict import Cell, Status, Verdict

_COUNTS = """
    SELECT version, lane, faulted, count(*), count(*) FILTER (NOT served),
        count(*) FILTER (excused), count(*) FILTER (excused AND NOT served), count(*) FILTER (attempts > 1)
    FROM judged GROUP BY version, lane, faulted
"""
_FAILED = """
    SELECT start_ns, judged.scheduled_ns, ended_ns, judged.lane, judged.operation, error, status, judged.version,
        instance, faulted
    FROM judged JOIN requests USING (row) WHERE NOT served AND ($all OR NOT excused)
"""


@dataclass(frozen=True)
class Counts:
    """How many requests there were, and what became of them. `excused` ones are among the others too."""

    requests: int = 0
    failed: int = 0
    excused: int = 0
    excused_failed: int = 0
    retried: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.requests + other.requests,
            self.failed + other.failed,
            self.excused + other.excused,
            self.excused_failed + other.excused_failed,
            self.retried + other.retried,
        )

    @property
    def error_rate(self) -> float:
        return self.failed / self.requests if self.requests else 0.0

    def without_excused(self) -> Counts:
        return Counts(self.requests - self.excused, self.failed - self.excused_failed)


@dataclass(frozen=True)
class Group:
    """The requests of one version, lane and side of the fault windows."""

    version: str | None
    lane: str
    faulted: bool
    counts: Counts


@dataclass(frozen=True)
class Availability:
    """The share of requests that were not served stays small, over all and for each version; outages stay short.

    All requests together are what users saw, faults included. A version is judged by what it answered outside fault
    windows, if that is at least `requests_min` requests; a new version that was to be rolled back is not judged.
    `outage_s_max` bounds the longest outage, and the longest time without a success; None: measured only.
    """

    name: ClassVar[str] = "availability"
    error_rate_max: float = 0.05
    availability_min: float = 0.99
    outage_s_max: float | None = None
    requests_min: int = 100
    excused_share_max: float = 0.05

    def __post_init__(self) -> None:
        fraction(
            error_rate_max=self.error_rate_max,
            availability_min=self.availability_min,
            excused_share_max=self.excused_share_max,
        )
        positive(outage_s_max=self.outage_s_max, requests_min=self.requests_min)

    def check(self, history: History) -> Verdict:
        missing = lacking(history, self.name, "requests")
        if missing is not None:
            return missing
        judged.prepare(history)
        groups = [
            Group(version, lane, faulted, Counts(*counts)) for version, lane, faulted, *counts in history.query(_COUNTS)
        ]
        total = _sum(groups)
        if not total.requests:
            return Verdict(self.name, Status.UNKNOWN, "There was no request to judge by.")
        if total.excused == total.requests:
            return Verdict(self.name, Status.UNKNOWN, "The harness itself delayed every request.")
        versions = {
            version: _sum(group for group in groups if group.version == version and not group.faulted)
            for version in sorted({group.version for group in groups if group.version is not None})
        }
        gap_s = longest_gap_s(history)
        certain = measure_outages(history, excused=False)
        whole = measure_outages(history, excused=True) if total.excused_failed else certain
        broken = list(
            self._broken(history.facts, total, versions, max(certain.longest_s, gap_s), Counts.without_excused)
        )
        status = judged.weigh(
            broken,
            list(self._broken(history.facts, total, versions, max(whole.longest_s, gap_s), lambda counts: counts)),
            total.excused / total.requests,
            self.excused_share_max,
        )
        failed = records(
            history, "Requests that were not served", _FAILED, order="start_ns", params={"all": not broken}
        )
        return Verdict(
            self.name,
            status,
            self._reason(status, broken, total, versions, certain),
            _figures(groups, total, versions, certain, gap_s),
            (failed,) if failed.total else (),
            first_time_s(failed) if broken else None,
        )

    def _broken(
        self,
        facts: RunFacts,
        total: Counts,
        versions: Mapping[str, Counts],
        out_s: float,
        counted: Callable[[Counts], Counts],
    ) -> Iterator[str]:
        """The limits that do not hold, for people."""
        yield from self._broken_rates("of all requests", counted(total))
        for version, counts in versions.items():
            expected = facts.ending == Ending.ROLLBACK and version == facts.new
            if not expected and counted(counts).requests >= self.requests_min:
                yield from self._broken_rates(f"of the requests that {version} answered", counted(counts))
        if self.outage_s_max is not None and out_s > self.outage_s_max:
            yield f"for {out_s:.3f} s users were not served, more than {self.outage_s_max:g} s"

    def _broken_rates(self, whose: str, counts: Counts) -> Iterator[str]:
        error_rate_max = min(self.error_rate_max, 1 - self.availability_min)
        if counts.error_rate > error_rate_max + 1e-12:  # 1 - 0.99 is a little less than 0.01
            yield f"{percent(counts.error_rate)} {whose} were not served, more than {percent(error_rate_max)}"

    def _reason(
        self, status: Status, broken: list[str], total: Counts, versions: Mapping[str, Counts], outages: Outages
    ) -> str:
        if status is Status.FAIL:
            return f"{broken[0][0].upper()}{broken[0][1:]}{''.join(f'; {more}' for more in broken[1:])}."
        if status is Status.UNKNOWN:
            share = percent(total.excused / total.requests)
            return f"Too much failed, but the harness itself delayed {share} of the requests, and it may be its fault."
        few = [version for version, counts in versions.items() if counts.requests < self.requests_min]
        not_judged = f" Too few requests to judge by: {', '.join(few)}." if few else ""
        served = percent(1 - total.error_rate)
        return f"{served} of {total.requests} requests were served; outages took {outages.total_s:.3f} s.{not_judged}"


def _sum(groups: Iterable[Group]) -> Counts:
    return reduce(Counts.__add__, (group.counts for group in groups), Counts())


def _figures(
    groups: list[Group], total: Counts, versions: Mapping[str, Counts], outages: Outages, gap_s: float
) -> Mapping[str, Cell]:
    figures: dict[str, Cell] = {
        "requests": total.requests,
        "failed": total.failed,
        "error_rate": round(total.error_rate, 6),
        "availability": round(1 - total.error_rate, 6),
        "outage_s": outages.total_s,
        "longest_outage_s": outages.longest_s,
        "longest_gap_s": gap_s,
        "retried_by_router": total.retried,
        "excused": total.excused,
    }
    for lane in sorted({group.lane for group in groups}):
        counts = _sum(group for group in groups if group.lane == lane)
        figures[f"error_rate_{lane}"] = round(counts.error_rate, 6)
    for version, counts in versions.items():
        figures[f"error_rate_{version}"] = round(counts.error_rate, 6)
        figures[f"requests_{version}"] = counts.requests
    return figures
