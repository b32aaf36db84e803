"""What a search for one anomaly found, as rows of the messages; what is said of it, is elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from harness.consistency.streams.sorting import Ints
from harness.verdict import Cell

NONE: Ints = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Found:
    """One anomaly for each of `rows`."""

    rows: Ints
    compared: int
    """How many things could have been one. None: nothing is proved."""
    others: Ints | None = None
    """For each of `rows`, the message that it contradicts."""
    doubtful: int = 0
    """How many more there may be: what is known does not tell."""
    doubt: str = ""
    """Why not."""
    figures: Mapping[str, Cell] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return len(self.rows)
