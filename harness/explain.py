"""What came of a run as text, and how to repeat it: for a failed test, and for a history that is judged again."""

from __future__ import annotations

from pathlib import Path

from harness.reporting.json_report import VerdictDocument
from harness.reporting.verdict_text import render_verdicts


def explain(document: VerdictDocument, folder: Path) -> str:
    """What is wrong first, each with its records; what holds in a line each; where the report is."""
    run = document.run
    return "\n".join(
        (
            f"{run.scenario}: {run.old} → {run.new} by {run.strategy}, seed {run.seed}",
            render_verdicts(document.verdicts()),
            f"report: {folder / 'report.html'}",
            f"repeat: {run.command}",
        )
    )
