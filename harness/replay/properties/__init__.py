"""What is to hold of replays and projections, each a pure judgement of cases that were seen.

A case is what was observed once; a property says how it is violated, or why it decides nothing. The cases are tallied,
here or in parts on several machines, and the tally is judged: no case at all, or none that decides, is `unknown`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Generic, TypeAlias, TypeVar

from harness.verdict import EVIDENCE_RECORDS_MAX, Cell, Evidence, Status, Verdict

Record: TypeAlias = tuple[Cell, ...]
Case = TypeVar("Case")


@dataclass
class Tally:
    """How many cases there were, how many violations, and the first of these in the order of their text.

    So a tally merged of parts is the same whatever the parts were.
    """

    cases: int = 0
    telling: int = 0
    """Cases in which a violation could have shown."""
    violations: int = 0
    undecided: int = 0
    records: list[Record] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    """Why cases were not decided."""

    def violate(self, record: Record) -> None:
        self.violations += 1
        self.records = _first([*self.records, record])

    def leave_undecided(self, reason: str) -> None:
        self.undecided += 1
        if reason not in self.reasons:
            self.reasons = sorted([*self.reasons, reason])[:EVIDENCE_RECORDS_MAX]

    def merge(self, other: Tally) -> None:
        self.cases += other.cases
        self.telling += other.telling
        self.violations += other.violations
        self.undecided += other.undecided
        self.records = _first([*self.records, *other.records])
        self.reasons = sorted({*self.reasons, *other.reasons})[:EVIDENCE_RECORDS_MAX]


def _first(records: list[Record]) -> list[Record]:
    return sorted(records, key=_order)[:EVIDENCE_RECORDS_MAX]


def _order(record: Record) -> tuple[tuple[int, float, str], ...]:
    """Numbers by their size, texts by their letters."""
    return tuple((0, cell, "") if isinstance(cell, int | float) else (1, 0, str(cell)) for cell in record)


class Property(ABC, Generic[Case]):
    """Subclasses say what a violation is; the verdict is made here."""

    name: ClassVar[str]
    title: ClassVar[str]
    """Of the evidence."""
    columns: ClassVar[tuple[str, ...]]
    holds: ClassVar[str]
    """A sentence with {cases}."""
    fails: ClassVar[str]
    """A sentence with {violations} and {cases}."""
    vacuous: ClassVar[str] = ""
    """A sentence for when no case was telling."""

    @abstractmethod
    def violations(self, case: Case) -> Iterator[Record]:
        """A record, with the columns of the property, of each thing that is wrong."""

    def more(self, case: Case) -> int:
        """How many violations the case has beyond those with a record."""
        return 0

    def tells(self, case: Case) -> bool:
        """Whether a violation could have shown in this case at all."""
        return True

    def undecided(self, case: Case) -> str:
        """Why the case cannot be decided; empty if it can."""
        return ""

    def tally(self, cases: Iterable[Case]) -> Tally:
        tally = Tally()
        for case in cases:
            self.count(tally, case)
        return tally

    def count(self, tally: Tally, case: Case) -> None:
        tally.cases += 1
        tally.telling += self.tells(case)
        for record in self.violations(case):
            tally.violate(record)
        tally.violations += self.more(case)
        reason = self.undecided(case)
        if reason:
            tally.leave_undecided(reason)

    def judge(self, tally: Tally) -> Verdict:
        """A violation fails; without one, a case that was not decided is unknown, and so is no telling case."""
        figures: dict[str, Cell] = {"cases": tally.cases, "violations": tally.violations, "undecided": tally.undecided}
        if tally.violations:
            evidence = Evidence(self.title, self.columns, tuple(tally.records), tally.violations)
            reason = self.fails.format(violations=tally.violations, cases=tally.cases)
            return Verdict(self.name, Status.FAIL, reason, figures, (evidence,))
        if tally.undecided:
            reason = f"{tally.undecided} of {tally.cases} cases could not be decided: {'; '.join(tally.reasons)}."
            return Verdict(self.name, Status.UNKNOWN, reason, figures)
        if not tally.cases:
            return Verdict(self.name, Status.UNKNOWN, "There was nothing to judge.", figures)
        if not tally.telling:
            return Verdict(self.name, Status.UNKNOWN, self.vacuous, figures)
        return Verdict(self.name, Status.PASS, self.holds.format(cases=tally.cases), figures)

    def check(self, cases: Iterable[Case]) -> Verdict:
        return self.judge(self.tally(cases))
