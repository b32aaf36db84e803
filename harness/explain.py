"""What came of a run as text: in short, for a failed test; and the whole chain, from the verdict to the raw records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.history import TABLES, History, Kind, Moment
from harness.reporting.json_report import CheckerEntry, VerdictDocument, read
from harness.reporting.judgement import worst_first
from harness.reporting.text import cell
from harness.reporting.verdict_text import render_evidence, render_verdicts
from harness.verdict import Status, Verdict

STANDING = (Kind.STEP, Kind.WEIGHTS, Kind.FLEET)
"""Of these, the last that began tells how things stood."""
LASTING = (Kind.FAULT, Kind.STALL)


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


def chain(folder: Path) -> str:
    """Of a run that was judged: the verdict, what decided it and by what it was judged, the records that show it, how
    things stood then, the files the records are from, and what of the evidence is missing.

    Raises InvalidInput if the folder is not that of such a run.
    """
    document = read(folder / "verdict.json")
    entries = {entry.checker: entry for entry in document.checkers}
    with History.load(folder / "history") as history:
        lines = [f"{document.status.upper()}: {document.reason}"]
        for verdict in worst_first(document.verdicts()):
            lines += _link(verdict, entries[verdict.checker], history)
        lines += ["", "The records are from", *_files(folder / "history", history)]
        lines += ["", "Missing", *(_missing(history) or ["  nothing: all tables were recorded, and all the time"])]
    return "\n".join((*lines, "", f"Again: {document.run.command}"))


def _link(verdict: Verdict, entry: CheckerEntry, history: History) -> Iterator[str]:
    yield ""
    yield f"{verdict.status.word} {verdict.checker}: {verdict.reason}"
    if entry.options:
        yield f"  judged by   {_pairs(entry.options)}"
    if verdict.figures:
        yield f"  rests on    {_pairs(verdict.figures)}"
    if verdict.status is Status.PASS:
        return
    for evidence in verdict.evidence:
        yield from (f"  {line}" for line in render_evidence(evidence))
    if verdict.first_violation_s is not None:
        yield f"  first at {verdict.first_violation_s:.3f} s, when there was"
        at_ns = int(verdict.first_violation_s * 1e9)
        yield from (f"    {_told(moment)}" for moment in _around(history, at_ns))


def _pairs(values: object) -> str:
    assert isinstance(values, dict)
    return ", ".join(f"{name} = {cell(value)}" for name, value in values.items())


def _around(history: History, at_ns: int) -> Iterator[Moment]:
    """How things stood then, and what went on."""
    for kind in STANDING:
        before = [moment for moment in history.moments(kind) if moment.at_ns <= at_ns]
        yield from before[-1:]
    for kind in LASTING:
        for moment in history.moments(kind):
            until_ns = history.facts.load_ends_ns if moment.until_ns is None else moment.until_ns
            if moment.at_ns <= at_ns <= until_ns:
                yield moment


def _told(moment: Moment) -> str:
    until = "" if moment.until_ns is None else f" to {moment.until_ns / 1e9:.3f}"
    detail = f": {_pairs(dict(moment.detail))}" if moment.detail else ""
    return f"{moment.kind.value} {moment.name}, {moment.at_ns / 1e9:.3f}{until} s{detail}"


def _files(folder: Path, history: History) -> Iterator[str]:
    for table in TABLES:
        if history.has(table):
            [(count,)] = history.query(f"SELECT count(*) FROM {table}")
            yield f"  {folder / table}.parquet  {count:,} rows"
    yield f"  {folder / 'timeline.jsonl'}  {len(history.timeline):,} moments"


def _missing(history: History) -> list[str]:
    """What is not, or not wholly, known of the run."""
    asked_for = TABLES.keys() if history.moments(Kind.DIRECT) else TABLES.keys() - {"direct"}
    missing = [f"  {table}: not recorded" for table in TABLES if table in asked_for and not history.has(table)]
    missing += [
        f"  all after {cut.at_ns / 1e9:.3f} s: the run was cut short by {cut.name}" for cut in history.moments(Kind.CUT)
    ]
    missing += [
        f"  {start_ns / 1e9:.3f} to {end_ns / 1e9:.3f} s: the harness itself did not run"
        for start_ns, end_ns in history.stalls()
    ]
    missing += [
        f"  what {worker.name} recorded: {worker.detail.get('trouble', 'not whole')}"
        for worker in history.moments(Kind.WORKER)
        if worker.detail.get("whole") is False
    ]
    return missing
