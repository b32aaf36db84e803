"""Verdicts as plain text: the end of a run in a terminal, and the message of a failed test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.reporting.judgement import judge, tally, worst_first
from harness.reporting.text import cell
from harness.verdict import Evidence, Status, Verdict


def render_verdicts(verdicts: Sequence[Verdict]) -> str:
    """The merged status and its reason, then a line a checker, the worst first; evidence of what did not pass."""
    judgement = judge(verdicts)
    width = max((len(verdict.checker) for verdict in verdicts), default=0)
    lines = [f"{judgement.status.name}: {judgement.reason} ({tally(verdicts)})"]
    for verdict in worst_first(verdicts):
        when = "" if verdict.first_violation_s is None else f" (first at {verdict.first_violation_s:.3f} s)"
        lines.append(f"  {verdict.status.name:<7}  {verdict.checker:<{width}}  {verdict.reason}{when}")
        if verdict.status is not Status.PASS:
            lines.extend(f"{'':11}{line}" for evidence in verdict.evidence for line in render_evidence(evidence))
    return "\n".join(lines)


def render_evidence(evidence: Evidence) -> Iterator[str]:
    """Its title, and its records as a table: columns are as wide as their widest cell."""
    rows = [evidence.columns, *(tuple(cell(value) for value in record) for record in evidence.records)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(evidence.columns))]
    yield f"{evidence.title} ({len(evidence.records)} of {evidence.total}):"
    for row in rows:
        yield "  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
