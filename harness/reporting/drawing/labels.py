"""Placing things side by side, in as many rows as it takes, so that none covers another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

GAP_PX = 5.0


@dataclass(frozen=True, slots=True)
class Place:
    x: float
    row: int


def place(
    wanted: Iterable[tuple[float, float]], left_px: float, right_px: float, rows_max: int, *, leaders: bool = False
) -> tuple[Place | None, ...]:
    """Each wanted (x, width), in the order of x, in the first row that has room; None where no row has.

    What would cross the right edge moves left, if it still clears its neighbour. With `leaders`, a line will be drawn
    from each place straight down from its x: it must not cross what lies in the rows below.
    """
    ends = [float("-inf")] * rows_max
    places: list[Place | None] = []
    for x, width in wanted:
        start = max(left_px, min(x, right_px - width))
        row = next((row for row in range(rows_max) if start >= _taken_to(ends, row, leaders) + GAP_PX), None)
        if row is not None:
            ends[row] = start + width
        places.append(None if row is None else Place(start, row))
    return tuple(places)


def _taken_to(ends: Sequence[float], row: int, leaders: bool) -> float:
    return max(ends[row:]) if leaders else ends[row]


def rows_used(places: Iterable[Place | None]) -> int:
    return max((place.row + 1 for place in places if place is not None), default=0)
