"""What the judges of operations have in common: a promise, what breaks it, and how that is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from harness.consistency.operations import Operation, shown
from harness.errors import InvalidInput
from harness.toml_reader import nearest
from harness.verdict import EVIDENCE_RECORDS_MAX, Cell, Evidence, Status, Verdict

COLUMNS = ("line", "process", "key", "operation", "outcome")


@dataclass(frozen=True)
class Break:
    """`culprit` breaks the promise, given what `before` did or saw; `what` says how, in the middle of a sentence."""

    culprit: Operation
    what: str
    before: Operation | None = None


@dataclass(frozen=True)
class Findings:
    """`compared`: how many things could have broken the promise, named by `among`. None: nothing is proved."""

    compared: int
    among: str
    breaks: Sequence[Break] = ()
    doubt: str = ""
    """Why it may be broken where that is not seen."""
    figures: Mapping[str, Cell] = field(default_factory=dict)


Search: TypeAlias = Callable[[Sequence[Operation]], Findings]


@dataclass(frozen=True)
class Promise:
    name: str
    claim: str
    names: tuple[str, ...]
    """The operations it knows."""
    search: Search

    def judge(self, operations: Sequence[Operation]) -> Verdict:
        """Raises InvalidInput for an operation that it does not know, or whose values are none."""
        require_known(operations, self.names)
        return told(self.name, self.claim, self.search(operations))


def require_known(operations: Iterable[Operation], names: Sequence[str]) -> None:
    for operation in operations:
        if operation.name not in names:
            raise InvalidInput(
                f"this judge knows no operation {operation.name!r}; {nearest(operation.name, names)}",
                line=operation.line,
            )


def told(name: str, claim: str, findings: Findings) -> Verdict:
    figures = {"compared": findings.compared, "breaks": len(findings.breaks), **findings.figures}
    if findings.breaks:
        first = min(findings.breaks, key=lambda each: each.culprit.returned or each.culprit.invoked)
        reason = f"{claim} But process {shown(first.culprit.process)} {first.what} (line {first.culprit.line})"
        others = f"; so in all {len(findings.breaks)} of {findings.compared} {findings.among}"
        return Verdict(
            name, Status.FAIL, f"{reason}{others}.", figures, (_evidence(findings.breaks),), _first_s(first.culprit)
        )
    if findings.doubt:
        return Verdict(name, Status.UNKNOWN, f"It cannot be known: {findings.doubt}.", figures)
    if not findings.compared:
        return Verdict(name, Status.UNKNOWN, f"Nothing to judge by: there are no {findings.among}.", figures)
    return Verdict(name, Status.PASS, f"{claim} All {findings.compared} {findings.among} hold to it.", figures)


def _first_s(operation: Operation) -> float | None:
    return None if operation.returned_ns is None else operation.returned_ns / 1e9


def _evidence(breaks: Sequence[Break]) -> Evidence:
    """The earliest, each with what was before it."""
    earliest = sorted(breaks, key=lambda each: each.culprit.returned or each.culprit.invoked)[:EVIDENCE_RECORDS_MAX]
    nothing = (None,) * len(COLUMNS)
    return Evidence(
        "Operations that break it, each with the one that it contradicts",
        (*COLUMNS, *(f"before_{column}" for column in COLUMNS)),
        tuple(
            (*_record(each.culprit), *(nothing if each.before is None else _record(each.before))) for each in earliest
        ),
        len(breaks),
    )


def _record(operation: Operation) -> tuple[Cell, ...]:
    key = None if operation.key is None else shown(operation.key)
    return operation.line, shown(operation.process), key, str(operation), operation.outcome.value
