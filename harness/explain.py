"""A verdict as text, with its evidence and how to repeat the run: for a failed test and for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.reporting.json_report import VerdictDocument
from harness.reporting.judgement import worst_first
from harness.reporting.text import cell
from harness.verdict import Evidence, Status, Verdict

RECORDS_MAX = 5
"""Records shown of each kind; the report has more."""


def explain(document: VerdictDocument, folder: Path) -> str:
    """What is wrong first, each with its records; what holds in one line; where the report is."""
    run = document.run
    verdicts = worst_first(document.verdicts())
    held = [verdict.checker for verdict in verdicts if verdict.status is Status.PASS]
    lines = [f"{document.status.upper()} {run.scenario}: {run.old} → {run.new} by {run.strategy}", document.reason, ""]
    for verdict in verdicts:
        if verdict.status is not Status.PASS:
            lines += [*_told(verdict), ""]
    if held:
        lines.append(f"holds   {', '.join(held)}")
    lines += [f"report  {folder / 'report.html'}", f"repeat  {run.command}"]
    return "\n".join(lines)


def _told(verdict: Verdict) -> Iterator[str]:
    when = "" if verdict.first_violation_s is None else f" (first at {verdict.first_violation_s:.3f} s)"
    yield f"{verdict.status.word:<7} {verdict.checker}: {verdict.reason}{when}"
    for evidence in verdict.evidence:
        yield from _shown(evidence)


def _shown(evidence: Evidence) -> Iterator[str]:
    records = evidence.records[:RECORDS_MAX]
    yield f"        {evidence.title}, {len(records)} of {evidence.total}:"
    rows = [evidence.columns, *(tuple(cell(value) for value in record) for record in records)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(evidence.columns))]
    for row in rows:
        shown = "  ".join(f"{text:<{width}}" for text, width in zip(row, widths, strict=True))
        yield f"          {shown.rstrip()}"
