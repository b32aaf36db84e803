"""verdict.json: the judgement of one run for programs. Its JSON Schema is docs/verdict.schema.json.

The schema is made from the types below, so a document that this module reads or writes always agrees with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from harness.errors import InvalidInput
from harness.history import RunFacts
from harness.reporting.judgement import judge
from harness.verdict import Cell, Evidence, Status, Verdict

Word: TypeAlias = Literal["pass", "unknown", "fail"]
Options: TypeAlias = Mapping[str, Mapping[str, Cell]]
"""What each checker was told to judge by: option values by option, by checker."""


@dataclass(frozen=True)
class EvidenceEntry:
    """Up to ten records, under a title that says what they show; `total` counts those that are not shown too."""

    title: str
    columns: tuple[str, ...]
    records: tuple[tuple[Cell, ...], ...]
    total: int


@dataclass(frozen=True)
class CheckerEntry:
    """What one checker says. A figure that is not a finite number is null."""

    checker: str
    status: Word
    reason: str
    first_violation_s: float | None
    figures: dict[str, Cell]
    options: dict[str, Cell]
    evidence: tuple[EvidenceEntry, ...]


@dataclass(frozen=True)
class RunEntry:
    """What was run, and how to run it again. `started_at` is UTC in ISO 8601."""

    run_id: str
    scenario: str
    summary: str
    environment: str
    driver: str
    strategy: str
    old: str
    new: str
    ending: str
    faults: tuple[str, ...]
    rate_per_s: float
    seed: int
    command: str
    started_at: str
    harness_version: str
    machine: str


@dataclass(frozen=True)
class VerdictDocument:
    """The whole file. `decided_by` names the checker that made the status; null if all passed, or none judged."""

    format: Literal["rollproof/verdict/1"]
    status: Word
    reason: str
    decided_by: str | None
    run: RunEntry
    checkers: tuple[CheckerEntry, ...]

    def verdicts(self) -> tuple[Verdict, ...]:
        """The verdicts as the checkers gave them."""
        return tuple(_verdict(entry) for entry in self.checkers)


def document(facts: RunFacts, verdicts: Sequence[Verdict], options: Options) -> VerdictDocument:
    judgement = judge(verdicts)
    known = {name: getattr(facts, name) for name in RunEntry.__dataclass_fields__}
    run = RunEntry(**known | {"rate_per_s": float(facts.rate_per_s)})
    return VerdictDocument(
        format="rollproof/verdict/1",
        status=_word(judgement.status),
        reason=judgement.reason,
        decided_by=None if judgement.deciding is None else judgement.deciding.checker,
        run=run,
        checkers=tuple(_entry(verdict, options.get(verdict.checker, {})) for verdict in verdicts),
    )


def render(doc: VerdictDocument) -> bytes:
    """Indented JSON. Keys keep the order of the fields above; figures that of the checker."""
    return msgspec.json.format(msgspec.json.encode(doc), indent=2) + b"\n"


def read(path: Path) -> VerdictDocument:
    """The document in a file that `render` wrote. Raises InvalidInput if the file is absent or is no such document."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=VerdictDocument)
    except (OSError, msgspec.DecodeError) as e:
        raise InvalidInput(f"not a verdict document: {e}", file=path) from e


def schema() -> bytes:
    """The JSON Schema of the document."""
    described = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The verdict of one run",
        **msgspec.json.schema(VerdictDocument),
    }
    return msgspec.json.format(msgspec.json.encode(described), indent=2) + b"\n"


def _entry(verdict: Verdict, options: Mapping[str, Cell]) -> CheckerEntry:
    return CheckerEntry(
        checker=verdict.checker,
        status=_word(verdict.status),
        reason=verdict.reason,
        first_violation_s=None if verdict.first_violation_s is None else float(verdict.first_violation_s),
        figures=dict(verdict.figures),
        options=dict(options),
        evidence=tuple(
            EvidenceEntry(evidence.title, evidence.columns, evidence.records, evidence.total)
            for evidence in verdict.evidence
        ),
    )


def _verdict(entry: CheckerEntry) -> Verdict:
    return Verdict(
        checker=entry.checker,
        status=Status[entry.status.upper()],
        reason=entry.reason,
        figures=entry.figures,
        evidence=tuple(Evidence(item.title, item.columns, item.records, item.total) for item in entry.evidence),
        first_violation_s=entry.first_violation_s,
    )


def _word(status: Status) -> Word:
    match status:
        case Status.PASS:
            return "pass"
        case Status.UNKNOWN:
            return "unknown"
        case Status.FAIL:
            return "fail"
