"""One page over many runs: each scenario's verdict, and which variants were found out where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote

import msgspec

from harness.errors import InvalidInput
from harness.reporting.files import replace
from harness.reporting.pages import environment, inline, policy
from harness.reporting.text import seconds
from harness.verdict import Status

DATA = "summary.json"


@dataclass(frozen=True)
class FaultCount:
    """Of one kind of fault on one driver: how often it was to be injected, and how often it provably bit and healed."""

    kind: str
    driver: str
    scheduled: int
    bit: int
    healed: int

    def __add__(self, other: FaultCount) -> FaultCount:
        scheduled, bit = self.scheduled + other.scheduled, self.bit + other.bit
        return FaultCount(self.kind, self.driver, scheduled, bit, self.healed + other.healed)


@dataclass(frozen=True)
class RunRow:
    """One run of a scenario. `report` is the path of its page relative to the summary; "" for none.

    `detection_s`: from the first thing that was wrong to the verdict that says so; None: nothing was found.
    """

    scenario: str
    strategy: str
    driver: str
    status: Status
    expected: Status
    checker: str
    """That decided; "" if all passed."""
    reason: str
    detection_s: float | None = None
    report: str = ""
    faults: tuple[FaultCount, ...] = ()

    @property
    def as_expected(self) -> bool:
        return self.status is self.expected


@dataclass(frozen=True)
class VariantRow:
    """One variant of a release under one strategy on one driver; `expected` is what a harness that works comes to.

    `reason` says why it came out otherwise; `detection_s` and `report` as for RunRow.
    """

    variant: str
    strategy: str
    driver: str
    status: Status
    expected: Status
    checker: str
    detection_s: float | None = None
    report: str = ""
    reason: str = ""
    faults: tuple[FaultCount, ...] = ()

    @property
    def as_expected(self) -> bool:
        return self.status is self.expected


@dataclass(frozen=True)
class NotShown:
    """A variant that a driver cannot bring to light under a strategy, so that it was not run; `reason` is why."""

    variant: str
    strategy: str
    driver: str
    reason: str

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ValueError(f"no reason is given why {self.variant} is not shown on {self.driver}")


MatrixCell: TypeAlias = VariantRow | NotShown


@dataclass(frozen=True)
class Summary:
    """`machine` and `made_at` (UTC, ISO 8601) say where and when."""

    title: str
    made_at: str
    machine: str
    runs: tuple[RunRow, ...] = ()
    variants: tuple[VariantRow, ...] = ()
    not_shown: tuple[NotShown, ...] = ()

    @property
    def unexpected(self) -> int:
        return sum(not row.as_expected for row in self.runs) + sum(not row.as_expected for row in self.variants)

    @property
    def efficacy(self) -> tuple[FaultCount, ...]:
        """Of all runs together, in the order of kinds."""
        counts: dict[tuple[str, str], FaultCount] = {}
        for faults in (*(run.faults for run in self.runs), *(variant.faults for variant in self.variants)):
            for count in faults:
                key = (count.kind, count.driver)
                counts[key] = counts[key] + count if key in counts else count
        return tuple(counts[key] for key in sorted(counts))

    @property
    def sentence(self) -> str:
        rows = len(self.runs) + len(self.variants)
        if not rows:
            return "Nothing was run, so nothing is proved."
        said = f"{rows - self.unexpected} of {rows} runs came out as expected."
        return f"{said} {len(self.not_shown)} could not be: the table says why." if self.not_shown else said

    @property
    def status(self) -> Status:
        """Pass only if there were runs and each came out as expected."""
        if not self.runs and not self.variants:
            return Status.UNKNOWN
        return Status.FAIL if self.unexpected else Status.PASS


@dataclass(frozen=True)
class MatrixLine:
    """A variant under a strategy, with what came of it on each driver; None where it was not run."""

    variant: str
    strategy: str
    cells: tuple[MatrixCell | None, ...]


@dataclass(frozen=True)
class Matrix:
    """Variants and strategies down, drivers across."""

    drivers: tuple[str, ...]
    lines: tuple[MatrixLine, ...]


@dataclass(frozen=True)
class _Written:
    """A summary as its file has it; see render_json."""

    title: str
    made_at: str
    machine: str
    runs: tuple[dict[str, object], ...]
    variants: tuple[dict[str, object], ...]
    not_shown: tuple[NotShown, ...]


@dataclass(frozen=True)
class SummaryPaths:
    page: Path
    markdown: Path
    data: Path


def write_summary(folder: Path, summary: Summary) -> SummaryPaths:
    """Write summary.html, summary.md and summary.json into `folder`. Raises OSError if that is not possible."""
    paths = SummaryPaths(folder / "summary.html", folder / "summary.md", folder / DATA)
    folder.mkdir(parents=True, exist_ok=True)
    replace(paths.page, render_html(summary).encode("utf-8", "replace"))
    replace(paths.markdown, render_markdown(summary).encode("utf-8", "replace"))
    replace(paths.data, render_json(summary))
    return paths


def read_summary(folder: Path) -> Summary:
    """What `write_summary` wrote there. Raises InvalidInput, naming the file, if there is none, or it is not one."""
    file = folder / DATA
    try:
        written = msgspec.json.decode(file.read_bytes(), type=_Written)
        return Summary(
            written.title,
            written.made_at,
            written.machine,
            tuple(msgspec.convert(_statuses(row), RunRow) for row in written.runs),
            tuple(msgspec.convert(_statuses(row), VariantRow) for row in written.variants),
            written.not_shown,
        )
    except (OSError, KeyError, msgspec.MsgspecError) as error:
        raise InvalidInput(f"it is not a summary of runs: {error}", file=file) from error


def matrix(rows: Sequence[MatrixCell]) -> Matrix:
    """All in the order in which they first appear; of two rows for one place the later counts."""
    drivers = tuple(dict.fromkeys(row.driver for row in rows))
    variants = dict.fromkeys(row.variant for row in rows)
    cells = {(row.variant, row.strategy, row.driver): row for row in rows}
    lines = (
        MatrixLine(variant, strategy, tuple(cells.get((variant, strategy, driver)) for driver in drivers))
        for variant in variants
        for strategy in dict.fromkeys(row.strategy for row in rows if row.variant == variant)
    )
    return Matrix(drivers, tuple(lines))


def render_html(summary: Summary) -> str:
    """A self-contained page, like the report's."""
    css = inline("report.css")
    templates = environment()
    templates.filters["link"] = lambda path: "./" + quote(path)
    template = templates.get_template("summary.html.j2")
    return template.render(policy=policy(css=css), css=css, summary=summary, matrix=_matrix_of(summary))


def render_markdown(summary: Summary) -> str:
    """Tables for a README or a CI's job page."""
    lines = [f"# {_md(summary.title)}", "", f"**{summary.status.name}**: {summary.sentence}", ""]
    lines += [f"{_md(summary.made_at)}, {_md(summary.machine)}", ""]
    if summary.runs:
        lines += [
            "| scenario | strategy | driver | verdict | decided by | detected after |",
            "|---|---|---|---|---|--:|",
        ]
        lines += [
            f"| {_linked(row.scenario, row.report)} | {_md(row.strategy)} | {_md(row.driver)} | {_outcome(row)} "
            f"| {_md(row.checker)} | {seconds(row.detection_s)} |"
            for row in summary.runs
        ]
        lines.append("")
    if table := _matrix_of(summary):
        lines += [f"| variant | strategy | {' | '.join(map(_md, table.drivers))} |"]
        lines += [f"|---|---{'|---' * len(table.drivers)}|"]
        lines += [
            f"| {_md(line.variant)} | {_md(line.strategy)} | {' | '.join(map(_cell, line.cells))} |"
            for line in table.lines
        ]
        lines.append("")
    if counts := summary.efficacy:
        lines += ["| fault | driver | scheduled | bit | healed |", "|---|---|--:|--:|--:|"]
        lines += [
            f"| {_md(count.kind)} | {_md(count.driver)} | {count.scheduled} | {count.bit} | {count.healed} |"
            for count in counts
        ]
        lines.append("")
    return "\n".join(lines)


def render_json(summary: Summary) -> bytes:
    """The rows as they are; a status is its word."""
    document = {
        "title": summary.title,
        "made_at": summary.made_at,
        "machine": summary.machine,
        "status": summary.status.word,
        "sentence": summary.sentence,
        "runs": [_words(row) for row in summary.runs],
        "variants": [_words(row) for row in summary.variants],
        "efficacy": msgspec.to_builtins(summary.efficacy),
        "not_shown": msgspec.to_builtins(summary.not_shown),
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _words(row: RunRow | VariantRow) -> dict[str, object]:
    words = {"status": row.status.word, "expected": row.expected.word, "as_expected": row.as_expected}
    return {**msgspec.to_builtins(row), **words}


def _statuses(row: dict[str, object]) -> dict[str, object]:
    """The words' meaning. Raises KeyError for a word that is none."""
    return {**row, **{name: Status[str(row[name]).upper()] for name in ("status", "expected")}}


def _outcome(row: RunRow | VariantRow) -> str:
    return row.status.word if row.as_expected else f"**{row.status.word}** (expected {row.expected.word})"


def _matrix_of(summary: Summary) -> Matrix | None:
    rows: tuple[MatrixCell, ...] = (*summary.variants, *summary.not_shown)
    return matrix(rows) if rows else None


def _cell(row: MatrixCell | None) -> str:
    match row:
        case None:
            return ""
        case NotShown(reason=reason):
            return f"not shown: {_md(reason)}"
    by = f" by {_md(row.checker)}" if row.checker else ""
    after = "" if row.detection_s is None else f" after {seconds(row.detection_s)}"
    why = f": {_md(row.reason)}" if row.reason else ""
    return f"{_outcome(row)}{by}{after}{why}"


def _linked(name: str, path: str) -> str:
    return f"[{_md(name)}]({quote(path)})" if path else _md(name)


def _md(text: str) -> str:
    """Text that cannot end its cell, or begin markup."""
    flat = " ".join(text.split())
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>|#" else letter for letter in flat)
