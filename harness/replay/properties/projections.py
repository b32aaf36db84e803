"""A read model rebuilt is the one that lives, and the one that grew in batches, whatever their size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from harness.replay.compare import NOTHING, Ignored, differences
from harness.replay.properties import Property, Record


@dataclass(frozen=True)
class Built:
    """One way in which the read model came to be, against the rebuild of all events in one go. Rows are JSON.

    `way` says which, for example `live` or `batches of 7`. None stands for rows that could not be had.
    """

    way: str
    rebuilt: bytes | None
    rows: bytes | None


@dataclass(frozen=True)
class Projections(Property[Built]):
    ignored: Ignored = NOTHING

    name = "projections"
    title = "Rows that differ from those of the rebuilt read model"
    columns: ClassVar = ("way", "pointer", "rebuilt", "built_so")
    holds = "The read model is the same in all of {cases} ways to build it."
    fails = "{violations} values of the read model depend on how it was built."

    def violations(self, case: Built) -> Iterator[Record]:
        if case.rebuilt is not None and case.rows is not None:
            for difference in differences(case.rebuilt, case.rows, self.ignored):
                yield (case.way, difference.pointer, difference.first, difference.second)

    def undecided(self, case: Built) -> str:
        if case.rebuilt is None:
            return "it could not be rebuilt"
        return "" if case.rows is not None else f"there are no rows of: {case.way}"
