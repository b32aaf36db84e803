"""The verdicts of one run taken together: the status, the checker that decides it, and a sentence that says so."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from harness.verdict import Status, Verdict, worst


@dataclass(frozen=True)
class Judgement:
    """`deciding` is the checker whose verdict made the status; None if all passed, or none judged."""

    status: Status
    deciding: Verdict | None
    reason: str


def judge(verdicts: Sequence[Verdict]) -> Judgement:
    """Merge the verdicts. Of several that are equally bad, the one whose violation came first decides."""
    status = worst(verdicts)
    if not verdicts:
        return Judgement(status, None, "No checker judged this run, so nothing is proved.")
    if status is Status.PASS:
        holds = "The only checker holds" if len(verdicts) == 1 else f"All {len(verdicts)} checkers hold"
        return Judgement(status, None, f"{holds}.")
    alike = [verdict for verdict in verdicts if verdict.status is status]
    deciding = min(alike, key=_violated_at_s)
    return Judgement(status, deciding, f"{deciding.checker}: {deciding.reason}")


def worst_first(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """As they are read: failures in the order in which they showed, then unknowns, then passes."""
    return tuple(sorted(verdicts, key=lambda verdict: (-verdict.status, _violated_at_s(verdict))))


def tally(verdicts: Sequence[Verdict]) -> str:
    """`2 fail, 1 unknown, 9 pass`, leaving out what there is none of."""
    counts = Counter(verdict.status for verdict in verdicts)
    return ", ".join(f"{counts[status]} {status.word}" for status in sorted(counts, reverse=True)) or "no verdicts"


def _violated_at_s(verdict: Verdict) -> float:
    return math.inf if verdict.first_violation_s is None else verdict.first_violation_s
