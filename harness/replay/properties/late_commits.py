"""A position that is committed late is not skipped, and one that never is does not stop the reader for ever."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from harness.replay.properties import Property, Record


@dataclass(frozen=True)
class Commit:
    """A position, drawn before its transaction was committed. `at` counts commits, or is a time; only order matters."""

    position: int
    at: float


@dataclass(frozen=True)
class Reading:
    """What was committed, what a reader took and in the end noted as its checkpoint.

    `calm`: the reader was given the time to come to the end, so that what it has not read now it never will.
    """

    reader: str
    commits: tuple[Commit, ...]
    taken: frozenset[int]
    checkpoint: int
    calm: bool


class LateCommits(Property[Reading]):
    name = "late-commits"
    title = "Positions that a reader passed over, or never came to"
    columns: ClassVar = ("reader", "position", "committed_at", "checkpoint", "what")
    holds = "{cases} readers took every position that was committed, however late."
    fails = "{violations} positions were passed over or never reached."

    vacuous = "No position was committed later than a higher one, so nothing could be passed over."

    def violations(self, case: Reading) -> Iterator[Record]:
        for commit in case.commits:
            if commit.position in case.taken:
                continue
            if commit.position <= case.checkpoint:
                yield (case.reader, commit.position, commit.at, case.checkpoint, "passed over")
            elif case.calm:
                yield (case.reader, commit.position, commit.at, case.checkpoint, "never reached")

    def tells(self, case: Reading) -> bool:
        """Whether any position was committed later than a higher one."""
        in_order = [commit.position for commit in sorted(case.commits, key=lambda commit: commit.at)]
        return in_order != sorted(in_order)

    def undecided(self, case: Reading) -> str:
        if not case.commits:
            return "nothing was committed"
        return "" if case.calm else f"{case.reader} may not have come to the end yet"
