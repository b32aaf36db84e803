"""The time axis of a report: seconds of the run, cut into bins."""

from __future__ import annotations

import math
from dataclasses import dataclass

BINS_MAX = 300
REQUESTS_A_BIN = 25
"""Bins are widened until one holds about so many requests: a p99 of two requests means nothing."""
NS_A_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Span:
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Axis:
    """From zero, when the load began to flow, to `end_s`; the last bin may reach beyond."""

    end_s: float
    bin_s: float
    bins: int

    def clipped(self, start_s: float, end_s: float) -> Span | None:
        """The part on the axis; None if there is none."""
        if end_s < 0 or start_s > self.end_s:
            return None
        return Span(max(start_s, 0.0), min(end_s, self.end_s))


def axis_over(length_s: float, requests: int) -> Axis:
    width_s = bin_width_s(length_s, requests)
    return Axis(length_s, width_s, max(1, math.ceil(length_s / width_s - 1e-9)))


def bin_width_s(length_s: float, requests: int) -> float:
    """The narrowest width of 1, 2 or 5 times a power of ten with at most BINS_MAX bins, each REQUESTS_A_BIN full."""
    narrowest = length_s / BINS_MAX
    if requests:
        narrowest = max(narrowest, min(length_s / 30, REQUESTS_A_BIN * length_s / requests))
    power = 10.0 ** math.floor(math.log10(max(narrowest, 0.01)))
    return next(power * step for step in (1, 2, 5, 10) if power * step >= narrowest * (1 - 1e-9))


def in_seconds(time_ns: int) -> float:
    return time_ns / NS_A_SECOND
