"""What a checker says of a history: pass, unknown or fail, why, and the records that prove it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeAlias

Cell: TypeAlias = str | int | float | bool | None
"""One value of a record, as it is shown to people and written to JSON."""

EVIDENCE_RECORDS_MAX = 10


class Status(IntEnum):
    """Ordered by how bad it is, so that the worst of several is their maximum."""

    PASS = 0
    UNKNOWN = 1
    FAIL = 2

    @property
    def word(self) -> str:
        return self.name.lower()

    @property
    def exit_code(self) -> int:
        """0 pass, 1 fail, 2 unknown."""
        return {Status.PASS: 0, Status.FAIL: 1, Status.UNKNOWN: 2}[self]


@dataclass(frozen=True)
class Evidence:
    """Up to EVIDENCE_RECORDS_MAX raw records, under a heading that says what they show.

    `total` counts all records of this kind, shown or not. Times in records are in seconds of the run.
    """

    title: str
    columns: tuple[str, ...]
    records: tuple[tuple[Cell, ...], ...]
    total: int


@dataclass(frozen=True)
class Verdict:
    """The judgement of one checker.

    `reason` is one sentence that a person can act on: what was expected, what was seen, when, on which version.
    `figures` are the numbers it rests on, by name with the unit last (`p99_ms`).
    `first_violation_s` is when, in seconds of the run, the system first did what it is failed for.
    """

    checker: str
    status: Status
    reason: str
    figures: Mapping[str, Cell] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    first_violation_s: float | None = None


def worst(verdicts: Iterable[Verdict]) -> Status:
    """The merged status: the worst wins, and no verdict at all is unknown."""
    return max((verdict.status for verdict in verdicts), default=Status.UNKNOWN)
