"""Writing the report's files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from harness.history import History
from harness.reporting import html, json_report, junit
from harness.reporting.json_report import Options
from harness.verdict import Verdict

LINKS_MAX = 60


@dataclass(frozen=True)
class ReportPaths:
    verdict: Path
    junit: Path
    report: Path


def write_report(
    folder: Path, history: History, verdicts: Sequence[Verdict], plan_text: str, options: Options | None = None
) -> ReportPaths:
    """Write verdict.json, junit.xml and report.html into `folder`, each at once or not at all.

    `options` says what each checker judged by (see `options_of`). The page links every file that is in the folder
    already, so write this last. Raises OSError if the folder cannot be written to.
    """
    judged_by = options or {}
    paths = ReportPaths(folder / "verdict.json", folder / "junit.xml", folder / "report.html")
    folder.mkdir(parents=True, exist_ok=True)
    replace(paths.verdict, json_report.render(json_report.document(history.facts, verdicts, judged_by)))
    replace(paths.junit, junit.render(history.facts, verdicts))
    page = html.render(history, verdicts, plan_text, judged_by, _linked(folder, paths.report))
    replace(paths.report, page.encode("utf-8", "replace"))
    return paths


def replace(file: Path, content: bytes) -> None:
    """Put `content` in the file's place; who reads it meanwhile sees the old content or the new, never a part."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        fresh.write_bytes(content)
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)


def _linked(folder: Path, report: Path) -> list[str]:
    files = (file for file in sorted(folder.rglob("*")) if file.is_file() and file != report)
    return [file.relative_to(folder).as_posix() for file in islice(files, LINKS_MAX)]
