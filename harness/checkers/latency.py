"""Users did not wait long, and not longer for the new version than for the old."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from harness.bounds import fraction, positive
from harness.checkers import judged
from harness.checkers.comparison import Comparison, compare
from harness.checkers.evidence import first_time_s, lacking, percent, records
from harness.history import History, RunFacts
from harness.scenario import Ending
from harness.verdict import Cell, Evidence, Status, Verdict

# One row for each version (null: the router itself, or not told), and one, with `whole`, for all together.
_QUANTILES = """
    SELECT grouping(version) = 1 AS whole, version, count(*), quantile_disc(latency_ms, [0.5, 0.99, 0.999, 1.0])
    FROM judged
    WHERE served AND ($with_excused OR NOT excused) AND operation NOT IN (SELECT unnest($exclude::VARCHAR[]))
    GROUP BY GROUPING SETS ((version), ())
"""
_SLOW = """
    SELECT judged.scheduled_ns, judged.sent_ns, latency_ms, judged.operation, judged.lane, judged.version, instance,
        faulted
    FROM judged JOIN requests USING (row)
    WHERE served AND NOT excused AND latency_ms > $p99_ms_max
        AND judged.operation NOT IN (SELECT unnest($exclude::VARCHAR[]))
"""
_SLOWER = """
    SELECT sent_ns, latency_ms, requests.operation, instance
    FROM compared_latencies JOIN requests USING (row)
    WHERE compared_latencies.version = $new AND latency_ms > $allowed_ms
"""


@dataclass(frozen=True)
class Quantiles:
    """Latencies from the scheduled time to the last byte, of served requests, in milliseconds."""

    requests: int
    p50_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float


@dataclass(frozen=True)
class Latency:
    """The 99th percentile, from the scheduled time, is at most `p99_ms_max` for all requests and for each version.

    Judged by requests that were served (what was not is the availability's) and whose operation is not in `exclude`.
    A version is judged if it served `requests_min` of them; the new one only if it was not to be rolled back.

    With `compare`, the new version's 99th percentile must also not be more than `ratio_max` times the old one's, nor
    more than `slack_ms` above it, whichever allows more; see comparison.py. Each must have served `compared_min`
    requests of the same operations outside fault windows; if a deployment that was to complete does not give that,
    the verdict is unknown. `chance_max`: the probability of being failed for a version that just keeps to the limit.
    """

    name: ClassVar[str] = "latency"
    p99_ms_max: float = 1000.0
    exclude: tuple[str, ...] = ()
    requests_min: int = 100
    compare: bool = True
    ratio_max: float = 2.0
    slack_ms: float = 100.0
    compared_min: int = 200
    chance_max: float = 1e-4
    excused_share_max: float = 0.05

    def __post_init__(self) -> None:
        positive(
            p99_ms_max=self.p99_ms_max,
            requests_min=self.requests_min,
            ratio_max=self.ratio_max,
            slack_ms=self.slack_ms,
            compared_min=self.compared_min,
        )
        fraction(chance_max=self.chance_max, excused_share_max=self.excused_share_max)

    def check(self, history: History) -> Verdict:
        missing = lacking(history, self.name, "requests")
        if missing is not None:
            return missing
        judged.prepare(history)
        certain, by_version = self._quantiles(history, with_excused=False)
        whole, _ = with_excused = self._quantiles(history, with_excused=True)
        if certain is None or whole is None:
            return Verdict(self.name, Status.UNKNOWN, "No request was served that latency could be judged by.")
        compared = compare(history, self.exclude, self.ratio_max, self.slack_ms) if self.compare else None
        broken = list(self._broken(history.facts, certain, by_version))
        excused_share = 1 - certain.requests / whole.requests
        broken_with_excused = list(self._broken(history.facts, *with_excused))
        status = judged.weigh(broken, broken_with_excused, excused_share, self.excused_share_max)
        slower = self._slower(history.facts, compared)
        not_compared = self._not_compared(history.facts, compared)
        reason = self._reason(status, broken, certain, excused_share)
        evidence = self._evidence(history, bool(broken), compared if slower else None)
        if slower:
            status, reason = Status.FAIL, f"{reason if broken else ''} {slower}".strip()
        elif not_compared:
            status, reason = max(status, Status.UNKNOWN), f"{reason} {not_compared}"
        first = first_time_s(*evidence) if status is Status.FAIL else None
        return Verdict(self.name, status, reason, _figures(certain, by_version, whole, compared), evidence, first)

    def _quantiles(self, history: History, *, with_excused: bool) -> tuple[Quantiles | None, Mapping[str, Quantiles]]:
        """Of all versions together (None: no request), and of each."""
        params = {"with_excused": with_excused, "exclude": list(self.exclude)}
        whole, versions = None, {}
        for is_whole, version, requests, values in history.query(_QUANTILES, params):
            if is_whole and requests:
                whole = Quantiles(requests, *values)
            elif version is not None:
                versions[version] = Quantiles(requests, *values)
        return whole, dict(sorted(versions.items()))

    def _broken(self, facts: RunFacts, whole: Quantiles | None, versions: Mapping[str, Quantiles]) -> Iterator[str]:
        if whole is not None and whole.p99_ms > self.p99_ms_max:
            yield f"the p99 of all requests is {whole.p99_ms:.0f} ms, more than {self.p99_ms_max:g} ms"
        for version, quantiles in versions.items():
            expected = facts.ending == Ending.ROLLBACK and version == facts.new
            if not expected and quantiles.requests >= self.requests_min and quantiles.p99_ms > self.p99_ms_max:
                yield f"the p99 of {version} is {quantiles.p99_ms:.0f} ms, more than {self.p99_ms_max:g} ms"

    def _slower(self, facts: RunFacts, compared: Comparison | None) -> str | None:
        """What to say if the new version is slower than the old; None if that is not so, or not known, or expected."""
        if compared is None or not self._enough(compared) or facts.ending == Ending.ROLLBACK:
            return None
        if compared.chance > self.chance_max:
            return None
        return (
            f"The p99 of {facts.new} is {compared.new_p99_ms:.0f} ms, that of {facts.old} {compared.old_p99_ms:.0f} ms:"
            f" {percent(compared.slower / compared.new_requests)} of its requests took more than the"
            f" {compared.allowed_ms:.0f} ms that 1 % may take."
        )

    def _not_compared(self, facts: RunFacts, compared: Comparison | None) -> str | None:
        if not self.compare or facts.ending == Ending.ROLLBACK or (compared is not None and self._enough(compared)):
            return None
        old, new = (0, 0) if compared is None else (compared.old_requests, compared.new_requests)
        return (
            f"Whether {facts.new} is slower than {facts.old} is not known: that takes {self.compared_min} requests of"
            f" each outside fault windows, there were {new} and {old}; a longer settle_s or a higher rate gives more."
        )

    def _enough(self, compared: Comparison) -> bool:
        return min(compared.old_requests, compared.new_requests) >= self.compared_min

    def _reason(self, status: Status, broken: list[str], certain: Quantiles, excused_share: float) -> str:
        if status is Status.FAIL:
            return f"{broken[0][0].upper()}{broken[0][1:]}{''.join(f'; {more}' for more in broken[1:])}."
        if status is Status.UNKNOWN:
            return f"Too slow, but the harness itself delayed {percent(excused_share)} of the requests."
        return f"The p99 of {certain.requests} requests is {certain.p99_ms:.0f} ms (at most {self.p99_ms_max:g})."

    def _evidence(self, history: History, broken: bool, slower: Comparison | None) -> tuple[Evidence, ...]:
        evidence = []
        if broken:
            params: dict[str, object] = {"p99_ms_max": self.p99_ms_max, "exclude": list(self.exclude)}
            title = f"Requests that took more than {self.p99_ms_max:g} ms"
            evidence.append(records(history, title, _SLOW, order="scheduled_ns", params=params))
        if slower is not None:
            params = {"new": history.facts.new, "allowed_ms": slower.allowed_ms}
            title = f"Requests of {history.facts.new} that took more than {slower.allowed_ms:.0f} ms"
            evidence.append(records(history, title, _SLOWER, order="sent_ns", params=params))
        return tuple(evidence)


def _figures(
    certain: Quantiles, versions: Mapping[str, Quantiles], whole: Quantiles, compared: Comparison | None
) -> Mapping[str, Cell]:
    figures: dict[str, Cell] = {"requests": certain.requests, "excused": whole.requests - certain.requests}
    for suffix, quantiles in (("", certain), *((f"_{version}", each) for version, each in versions.items())):
        figures[f"p50{suffix}_ms"] = round(quantiles.p50_ms, 3)
        figures[f"p99{suffix}_ms"] = round(quantiles.p99_ms, 3)
        figures[f"p999{suffix}_ms"] = round(quantiles.p999_ms, 3)
    figures["max_ms"] = round(certain.max_ms, 3)
    if compared is not None:
        figures["compared_old_requests"] = compared.old_requests
        figures["compared_new_requests"] = compared.new_requests
        figures["compared_old_p99_ms"] = round(compared.old_p99_ms, 3)
        figures["compared_new_p99_ms"] = round(compared.new_p99_ms, 3)
        figures["allowed_new_p99_ms"] = round(compared.allowed_ms, 3)
        figures["slower_share"] = round(compared.slower / compared.new_requests, 6)
        figures["chance"] = compared.chance
    return figures
