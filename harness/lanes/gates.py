"""Gates: may the deployment go on, by what the new version did since the watch began?

Five outcomes are kept apart, and only one of them lets it go on: see harness/analysis/outcomes.py.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from harness.analysis.outcomes import Finding, Outcome
from harness.analysis.traffic import Traffic
from harness.protocols import Gate
from harness.verdict import Cell


@dataclass(frozen=True)
class Tally:
    """Requests of one version that were scheduled in a window and have been answered (or given up) so far."""

    requests: int
    failed: int
    p99_ms: float | None
    """From the scheduled time, of operations that do not take their time on purpose; None without such requests."""

    @property
    def error_rate(self) -> float | None:
        return self.failed / self.requests if self.requests else None


class Live(Protocol):
    """The history while it is being made."""

    def tally(self, version: str, since_ns: int) -> Tally: ...
    def done(self, since_ns: int, version: str = "") -> Tally:
        """Requests that were answered, or given up, after `since_ns`; of all versions, or of one."""

    def compare(self, old: str, new: str, since_ns: int, until_ns: int, baseline: Collection[str] = ()) -> Traffic:
        """What both versions did with requests that were due from `since_ns` to before `until_ns`, by its seconds; of
        the old one only the instances of the `baseline`, if there is one."""
        ...


@dataclass(frozen=True)
class Judgement:
    version: str
    outcome: Outcome
    reason: str
    tally: Tally

    @property
    def passed(self) -> bool:
        return self.outcome is Outcome.PASS

    def detail(self) -> Mapping[str, Cell]:
        return {
            "version": self.version,
            "outcome": self.outcome.value,
            "passed": self.passed,
            "reason": self.reason,
            "requests": self.tally.requests,
            "error_rate": self.tally.error_rate,
            "p99_ms": self.tally.p99_ms,
        }


def judge(gate: Gate, tally: Tally, version: str) -> Judgement:
    """A gate that has too little to judge by does not pass."""

    finding = _find(gate, tally, version)
    return Judgement(version, finding.outcome, finding.reason, tally)


def _find(gate: Gate, tally: Tally, version: str) -> Finding:
    if tally.requests < gate.requests_min:
        outcome = Outcome.INCONCLUSIVE if tally.requests else Outcome.NO_DATA
        return Finding(
            outcome, f"{version} answered {tally.requests} requests; the gate needs {gate.requests_min} to judge"
        )
    assert tally.error_rate is not None  # there are requests
    if tally.error_rate > gate.error_rate_max:
        return Finding(
            Outcome.FAIL,
            f"{version} failed {tally.error_rate:.1%} of {tally.requests} requests; "
            f"the gate allows {gate.error_rate_max:.1%}",
        )
    if tally.p99_ms is None:
        return Finding(Outcome.NO_DATA, f"{version} answered no request whose latency says anything")
    if tally.p99_ms > gate.p99_ms_max:
        return Finding(
            Outcome.FAIL,
            f"{version} took {tally.p99_ms:.0f} ms at the 99th percentile; the gate allows {gate.p99_ms_max:g} ms",
        )
    return Finding(Outcome.PASS, f"{version} held: {tally.error_rate:.1%} errors, p99 {tally.p99_ms:.0f} ms")
