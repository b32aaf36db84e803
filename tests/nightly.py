"""The whole suite and the whole matrix of defects, with one summary page: `make nightly`.

    python -m tests.nightly [--times 5] [--mistakes all|soonest|none] [--readme]

Every shipped scenario runs `--times` times over and must pass each time; every mistake of the matrix runs under every
strategy it applies to, or where it shows soonest, and must be found by a checker that is meant to find it.
--readme puts the table of what was found into the README. Exit code 1 if anything came out otherwise.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from harness.facts import machine
from harness.reporting.summary import RunRow, Summary, VariantRow, render_markdown, write_summary
from harness.runner import RunResult, Session, open_session
from harness.scenario_file import read_scenario
from harness.verdict import Status, Verdict
from tests.integration.matrix import CASES, ROOT, Case, scenario

REPORTS = ROOT / "reports"
README = ROOT / "README.md"
TABLE = re.compile(r"(<!-- defects -->\n).*?(<!-- /defects -->)", re.DOTALL)


def main() -> int:
    options = _options()
    folder = REPORTS / "nightly" / f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    with open_session(folder) as session:
        variants = tuple(_variants(session, folder, options.mistakes))
        runs = tuple(_runs(session, folder, options.times))
    summary = Summary("Nightly verification", f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", machine(), runs, variants)
    paths = write_summary(folder, summary)
    if options.readme:
        README.write_text(TABLE.sub(rf"\g<1>{_table(variants)}\g<2>", README.read_text()))
    print(render_markdown(summary))
    print(f"summary: {os.path.relpath(paths.page)}")
    return 0 if summary.status is Status.PASS else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=5, help="how often each shipped scenario runs")
    parser.add_argument(
        "--mistakes", choices=("all", "soonest", "none"), default="all", help="under which strategies each is tried"
    )
    parser.add_argument("--readme", action="store_true", help="put the table of what was found into the README")
    return parser.parse_args()


def _variants(session: Session, folder: Path, mistakes: str) -> Iterator[VariantRow]:
    for case in CASES:
        for strategy in {"all": case.strategies, "soonest": (case.soonest,), "none": ()}[mistakes]:
            yield _variant(session, folder, case, strategy)


def _variant(session: Session, folder: Path, case: Case, strategy: str) -> VariantRow:
    """Found by a checker that was not meant to is not found."""
    described = scenario(case, strategy)
    result = session.run(described)
    right = [v for v in result.verdicts if v.status is Status.FAIL and v.checker in case.found_by]
    row = VariantRow(
        case.variant,
        strategy,
        Status.FAIL if right else min(result.status, Status.UNKNOWN),
        Status.FAIL,
        ", ".join(verdict.checker for verdict in right),
        _detected_after_s(right, described.settle_s),
        _report(result, folder),
    )
    _say(f"{case.variant} by {strategy}: {'found by ' + row.checker if right else 'NOT FOUND'}")
    return row


def _detected_after_s(verdicts: list[Verdict], began_s: float) -> float | None:
    """From the beginning of the deployment to the first thing that is wrong; None if no checker can date it."""
    dated = [verdict.first_violation_s for verdict in verdicts if verdict.first_violation_s is not None]
    return max(0.0, min(dated) - began_s) if dated else None


def _runs(session: Session, folder: Path, times: int) -> Iterator[RunRow]:
    for _ in range(times):
        for file in sorted((ROOT / "scenarios").glob("*.toml")):
            described = read_scenario(file)
            result = session.run(described)
            worst = max(result.verdicts, key=lambda verdict: verdict.status)
            passed = result.passed
            _say(f"{described.name}: {result.status.word}{'' if passed else f' ({worst.checker}: {worst.reason})'}")
            yield RunRow(
                described.name,
                type(described.strategy).__name__,
                described.driver,
                result.status,
                Status.PASS,
                "" if passed else worst.checker,
                "every checker passed" if passed else worst.reason,
                report=_report(result, folder),
            )


def _report(result: RunResult, folder: Path) -> str:
    return (result.folder / "report.html").relative_to(folder).as_posix()


def _table(rows: tuple[VariantRow, ...]) -> str:
    lines = ["| defect | strategy | verdict | found by | first seen after |", "|---|---|---|---|--:|"]
    lines += [
        f"| {row.variant} | {row.strategy} | {row.status.word} | {row.checker or '-'} | "
        f"{'-' if row.detection_s is None else f'{row.detection_s:.1f} s'} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
