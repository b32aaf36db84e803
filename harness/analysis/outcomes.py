"""What a measurement may come to, and how the measurements of one gate add up. Five outcomes, which stay apart:
only one of them lets a deployment go on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

ERRORS_IN_A_ROW_MAX = 5


class Outcome(StrEnum):
    """In the order in which one prevails over another when several things are judged together."""

    PASS = "pass"
    INCONCLUSIVE = "inconclusive"
    """Measured, and not enough to say."""
    NO_DATA = "no data"
    """There was nothing to measure, or nobody measured."""
    ERROR = "error"
    """The measuring side failed: says nothing of the system."""
    FAIL = "fail"


_ORDER = tuple(Outcome)


@dataclass(frozen=True)
class Finding:
    """What one measurement came to. `reason` is a clause or sentence for people."""

    outcome: Outcome
    reason: str
    second: int | None = None
    """Of the traffic that was judged: after which it was known."""


NEVER_MEASURED = Finding(Outcome.NO_DATA, "it was never evaluated")


def worst(findings: Iterable[Finding]) -> Finding:
    """Of several things judged together, the one that prevails; of none, that nothing was evaluated."""
    return max(findings, key=lambda finding: _ORDER.index(finding.outcome), default=NEVER_MEASURED)


class Course:
    """The measurements of one gate, one after the other.

    A failure decides at once. An error of the measuring side decides only if it is the fifth in a row: until then
    the gate is as it was measured last.
    """

    def __init__(self) -> None:
        self._last = NEVER_MEASURED
        self._errors: list[Finding] = []

    def take(self, finding: Finding) -> None:
        if finding.outcome is Outcome.ERROR:
            self._errors.append(finding)
        else:
            self._errors.clear()
            self._last = finding

    @property
    def decided(self) -> bool:
        """Whether further measurements change nothing."""
        return self._last.outcome is Outcome.FAIL or len(self._errors) >= ERRORS_IN_A_ROW_MAX

    @property
    def erring(self) -> bool:
        """Whether the last measurement was an error."""
        return bool(self._errors)

    @property
    def finding(self) -> Finding:
        if self._last.outcome is Outcome.FAIL or len(self._errors) < ERRORS_IN_A_ROW_MAX:
            return self._last
        reason = f"{len(self._errors)} measurements in a row failed, the last by {self._errors[-1].reason}"
        return Finding(Outcome.ERROR, reason)
