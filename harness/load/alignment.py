"""Clocks of several machines as one: what a worker's clock shows, on the harness's own.

The offset is read as NTP reads it (Mills, RFC 5905, section 8): ask the other clock, and take its answer for what it
showed half-way through the round trip. However the trip divides into way and way back, the error is no more than half
of it; so of many exchanges the quickest counts, and half of it is the bound. Both clocks are monotonic ones, which no
one sets; between two readings the offset is taken to move evenly.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from harness.load.journal import Clock

EXCHANGES = 32
RATE_ERROR_MAX = 500e-6
"""The most by which Linux lets a clock run faster or slower: what moves further has not been running all the time."""


def read_clock(
    ask: Callable[[], int], exchanges: int = EXCHANGES, now_ns: Callable[[], int] = time.monotonic_ns
) -> Clock:
    """Of that many exchanges, the one with the least round trip. `ask` returns what the other clock shows."""
    return min((_exchange(ask, now_ns) for _ in range(exchanges)), key=lambda reading: reading.bound_ns)


def _exchange(ask: Callable[[], int], now_ns: Callable[[], int]) -> Clock:
    asked_ns = now_ns()
    shown_ns = ask()
    answered_ns = now_ns()
    return Clock(shown_ns, (asked_ns + answered_ns) // 2 - shown_ns, (answered_ns - asked_ns + 1) // 2)


class Alignment:
    """Brings a worker's times onto the harness's clock, by readings in the order in which they were taken.

    Without any the worker's clock is the harness's own.
    """

    def __init__(self, readings: Sequence[Clock]) -> None:
        self._readings = readings
        if readings:
            first = readings[0]
            # Differences from the first reading are small, so that floating point holds them to the nanosecond.
            self._at_ns = np.array([reading.at_ns - first.at_ns for reading in readings], dtype=np.float64)
            self._moved_ns = np.array([reading.offset_ns - first.offset_ns for reading in readings], dtype=np.float64)

    @property
    def offset_ns(self) -> int:
        """What the harness's clock shows more than the worker's, at the first reading."""
        return self._readings[0].offset_ns if self._readings else 0

    @property
    def drift_ns(self) -> int:
        """By how much the offset has grown from the first reading to the last."""
        return self._readings[-1].offset_ns - self.offset_ns if self._readings else 0

    @property
    def bound_ns(self) -> int:
        """The largest error of an aligned time, if between two readings the offset was nowhere outside of both."""
        alone = max((reading.bound_ns for reading in self._readings), default=0)
        between = (
            max(before.bound_ns, after.bound_ns) + abs(after.offset_ns - before.offset_ns)
            for before, after in pairwise(self._readings)
        )
        return max(between, default=alone)

    @property
    def steady(self) -> bool:
        """False if the clocks moved apart by more than clocks do that run: one of the machines stood still."""
        return all(
            abs(after.offset_ns - before.offset_ns)
            <= before.bound_ns + after.bound_ns + RATE_ERROR_MAX * (after.at_ns - before.at_ns)
            for before, after in pairwise(self._readings)
        )

    def times(self, worker_ns: NDArray[np.int64]) -> NDArray[np.int64]:
        """The same times on the harness's clock; 0, which means that something did not happen, stays 0."""
        if not self._readings:
            return worker_ns
        first = self._readings[0]
        moved_ns = np.interp((worker_ns - first.at_ns).astype(np.float64), self._at_ns, self._moved_ns)
        aligned = worker_ns + first.offset_ns + np.rint(moved_ns).astype(np.int64)
        return np.where(worker_ns == 0, 0, aligned)

    def time(self, worker_ns: int) -> int:
        return int(self.times(np.array([worker_ns], dtype=np.int64))[0])

    def worker_time(self, harness_ns: int) -> int:
        """What the worker's clock shows, or will show, when the harness's shows this; by the last reading."""
        return harness_ns - self._readings[-1].offset_ns if self._readings else harness_ns
