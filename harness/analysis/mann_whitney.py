"""What Kayenta's judge says of two series of measurements, for those who compare with it. Nothing here is gated by it.

Kayenta (https://github.com/spinnaker/kayenta, its NetflixACAJudge) compares the points of two time series by the
Mann-Whitney test: the interval that it does not reject for the shift between them, by the normal approximation with
corrections for ties and continuity as R's wilcox.test has them. A series is high if the whole interval lies above a
quarter of the shift's estimate (Hodges and Lehmann's), and the ratio of the means is at least what is allowed.

It is a test of ranks at a time that is fixed beforehand. What it therefore passes, or fails, wrongly is told in
docs/canary-analysis.md and held by tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import inf, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

Values = NDArray[np.float64]

_HALVINGS = 80


class Classification(StrEnum):
    PASS = "pass"
    HIGH = "high"
    NO_DATA = "no data"


@dataclass(frozen=True)
class Shift:
    """By how much the points of one series lie above those of another."""

    low: float
    estimate: float
    high: float


@dataclass(frozen=True)
class Kayenta:
    """The judge with its defaults. `allowed_increase`: the ratio of the means from which on a series may be high; with
    1.0 any shift that is stable is enough, however small."""

    tolerance: float = 0.25
    confidence: float = 0.98
    allowed_increase: float = 1.0

    def classify(self, control: ArrayLike, experiment: ArrayLike) -> Classification:
        """Whether the points of `experiment` are higher than those of `control`, where that is bad."""
        old, new = np.asarray(control, np.float64), np.asarray(experiment, np.float64)
        if not old.size or not new.size:
            return Classification.NO_DATA
        if np.array_equal(np.sort(old), np.sort(new)) or np.ptp(np.concatenate([old, new])) == 0:
            return Classification.PASS
        found = shift(old, new, self.confidence)
        higher = found.low > self.tolerance * abs(found.estimate) and _ratio(old, new) >= self.allowed_increase
        return Classification.HIGH if higher else Classification.PASS


def shift(control: Values, experiment: Values, confidence: float) -> Shift:
    """Both must hold points, and not all the same."""
    quantile = NormalDist().inv_cdf(0.5 + confidence / 2)
    return Shift(
        _root(control, experiment, quantile), _root(control, experiment, 0.0), _root(control, experiment, -quantile)
    )


def _root(control: Values, experiment: Values, quantile: float) -> float:
    """Where the standardised statistic, which falls as the shift grows, passes the quantile; else the outermost."""
    low, high = float(experiment.min() - control.max()), float(experiment.max() - control.min())
    if _statistic(control, experiment, low) <= quantile:
        return low
    if _statistic(control, experiment, high) >= quantile:
        return high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _statistic(control, experiment, middle) > quantile:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _statistic(control: Values, experiment: Values, shift: float) -> float:
    """Of the ranks of `experiment`, less the shift, among all. 0 if all are tied."""
    moved = experiment - shift
    ordered = np.sort(control)
    below = np.searchsorted(ordered, moved, "left")
    up_to = np.searchsorted(ordered, moved, "right")
    excess = float(np.sum(below + up_to)) / 2 - moved.size * control.size / 2
    _, ties = np.unique(np.concatenate([moved, control]), return_counts=True)
    count = moved.size + control.size
    variance = moved.size * control.size / 12 * (count + 1 - float(np.sum(ties**3 - ties)) / (count * (count - 1)))
    if variance <= 0:
        return 0.0
    return float((excess - np.sign(excess) * 0.5) / sqrt(variance))


def _ratio(control: Values, experiment: Values) -> float:
    before, now = float(control.mean()), float(experiment.mean())
    return now / before if before else inf if now else 1.0
