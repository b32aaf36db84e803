"""What is promised to users, and how much of the budget for errors a run has spent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.bounds import positive


@dataclass(frozen=True)
class Objective:
    """At least `target` of the requests are good: served, and within `latency_ms_max` if that is given.

    With `slice_s` it is time that counts, not requests: at least `target` of the slices of so many seconds are good,
    and a slice is if at least `slice_target` of its requests are. `operations`: those that count; empty: all.
    """

    name: str
    target: float
    latency_ms_max: float | None = None
    operations: tuple[str, ...] = ()
    slice_s: float | None = None
    slice_target: float | None = None

    def __post_init__(self) -> None:
        positive(latency_ms_max=self.latency_ms_max, slice_s=self.slice_s)
        for name, share in (("target", self.target), ("slice_target", self.slice_target)):
            if share is not None and not 0 < share < 1:
                raise ValueError(f"{name} must be between 0 and 1 (0.99 is 99 %), not {share:g}")
        if (self.slice_s is None) != (self.slice_target is None):
            raise ValueError("slice_s and slice_target are given together or not at all")


@dataclass(frozen=True)
class Events:
    """Counts by bucket of `bucket_s` seconds, from the beginning of the load on."""

    bucket_s: float
    good: NDArray[np.int64]
    all: NDArray[np.int64]

    def sliced(self, slice_s: float, slice_target: float) -> Events:
        """Slices as events: one in each slice in which there was any, good if enough of its own were."""
        width = max(1, round(slice_s / self.bucket_s))
        starts = np.arange(0, self.all.size, width)
        if not starts.size:
            return Events(slice_s, self.good, self.all)
        good, total = np.add.reduceat(self.good, starts), np.add.reduceat(self.all, starts)
        return Events(slice_s, ((total > 0) & (good >= slice_target * total - 1e-9)).astype(np.int64), np.sign(total))


@dataclass(frozen=True)
class Budget:
    """Of a whole run."""

    events: int
    bad: int
    allowed: float
    """So many bad events the objective allows."""

    @property
    def spent(self) -> float:
        """The share of the budget that is gone; more than 1 if the objective was missed."""
        return self.bad / self.allowed if self.allowed else 0.0

    @property
    def held(self) -> bool:
        return self.bad <= self.allowed + 1e-9


def budget(events: Events, target: float) -> Budget:
    total, good = int(events.all.sum()), int(events.good.sum())
    return Budget(total, total - good, (1 - target) * total)
