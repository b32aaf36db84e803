"""Gates: may the deployment go on, by what the new version did since the watch began?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

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


@dataclass(frozen=True)
class Judgement:
    version: str
    passed: bool
    reason: str
    tally: Tally

    def detail(self) -> Mapping[str, Cell]:
        return {
            "version": self.version,
            "passed": self.passed,
            "reason": self.reason,
            "requests": self.tally.requests,
            "error_rate": self.tally.error_rate,
            "p99_ms": self.tally.p99_ms,
        }


def judge(gate: Gate, tally: Tally, version: str) -> Judgement:
    """A gate that has too little to judge by does not pass."""

    def say(passed: bool, reason: str) -> Judgement:
        return Judgement(version, passed, reason, tally)

    if tally.requests < gate.requests_min:
        return say(False, f"{version} answered {tally.requests} requests; the gate needs {gate.requests_min} to judge")
    assert tally.error_rate is not None  # there are requests
    if tally.error_rate > gate.error_rate_max:
        return say(
            False,
            f"{version} failed {tally.error_rate:.1%} of {tally.requests} requests; "
            f"the gate allows {gate.error_rate_max:.1%}",
        )
    if tally.p99_ms is None:
        return say(False, f"{version} answered no request whose latency says anything")
    if tally.p99_ms > gate.p99_ms_max:
        return say(
            False,
            f"{version} took {tally.p99_ms:.0f} ms at the 99th percentile; the gate allows {gate.p99_ms_max:g} ms",
        )
    return say(True, f"{version} held: {tally.error_rate:.1%} errors, p99 {tally.p99_ms:.0f} ms")
