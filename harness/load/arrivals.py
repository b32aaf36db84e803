"""When requests are due: a plan of arrivals that depends on nothing but the rate and the seed.

Arrivals at a rate that changes are those at the constant rate 1, moved in time: the k-th is due when the area under
the rate's curve reaches the k-th arrival of the unit process (the inversion method of Cinlar, Introduction to
Stochastic Processes, 1975, ch. 4.7). The unit process is 0, 1, 2, … for uniform arrivals, and sums of exponentially
distributed gaps for Poisson arrivals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from random import Random
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from harness.errors import InvalidInput
from harness.scenario import Arrivals

_BLOCK = 1024
_WORD = (1 << 64) - 1


class Arrival(NamedTuple):
    """One request that is due. `operation` and `lane` index the choices the plan was made with."""

    number: int
    due_ns: int
    """Since the load began."""
    operation: int
    lane: int


_new_arrival = cast(Callable[[tuple[int, int, int, int]], Arrival], partial(tuple.__new__, Arrival))
"""What Arrival._make does, in a third of the time."""


class Rate:
    """A rate over time, requests a second: points joined by straight lines, constant after the last.

    Points are (seconds, rate), in the order of time; two at the same time are a step. Raises InvalidInput for others.
    """

    def __init__(self, points: Sequence[tuple[float, float]]) -> None:
        if not points or any(time < 0 or rate < 0 for time, rate in points):
            raise InvalidInput("a load's shape is made of (seconds, rate) points, none of them negative")
        if any(after[0] < before[0] for before, after in pairwise(points)):
            raise InvalidInput("the points of a load's shape must be in the order of time")
        if points[0][0] > 0:
            points = [(0.0, points[0][1]), *points]
        # To nine digits, as there is nothing between two nanoseconds; smaller numbers would overflow below.
        self._times = np.round([float(time) for time, _ in points], 9)
        self._rates = np.round([float(rate) for _, rate in points], 9)
        widths = np.diff(self._times)
        rises = np.diff(self._rates)
        self._slopes = np.append(np.divide(rises, widths, out=np.zeros_like(rises), where=widths > 0), 0.0)
        self._areas = np.concatenate(([0.0], np.cumsum(widths * (self._rates[:-1] + self._rates[1:]) / 2)))

    @property
    def highest(self) -> float:
        return float(self._rates.max())

    def area(self, seconds: float) -> float:
        """How many requests are expected in the first `seconds`."""
        index = int(np.searchsorted(self._times, seconds, side="right")) - 1
        elapsed = seconds - self._times[index]
        return float(self._areas[index] + elapsed * (self._rates[index] + self._slopes[index] * elapsed / 2))

    def seconds(self, areas: NDArray[np.float64]) -> NDArray[np.float64]:
        """When the area under the curve reaches each of `areas`; infinity for those that it never reaches."""
        index = np.searchsorted(self._areas, areas, side="right") - 1
        rest = areas - self._areas[index]
        rate, slope = self._rates[index], self._slopes[index]
        # The root of rate·t + slope·t²/2 = rest, in the form that does not cancel when the slope is small.
        divisor = rate + np.sqrt(np.maximum(rate**2 + 2 * slope * rest, 0))
        elapsed = np.divide(2 * rest, divisor, out=np.where(rest > 0, np.inf, 0.0), where=divisor > 0)
        return np.asarray(self._times[index] + elapsed)


def plan_arrivals(
    rate: Rate,
    kind: Arrivals,
    seed: int,
    operations: Sequence[float],
    lanes: Sequence[float],
    *,
    duration_s: float = float("inf"),
    worker: int = 0,
    workers: int = 1,
) -> Iterator[Arrival]:
    """All arrivals before `duration_s`, in the order of time; endless if that is infinite and the rate is not 0.

    `operations` and `lanes` are weights. Of several workers, each takes every `workers`-th arrival of the same plan.
    """
    times, choices = (np.random.default_rng(source) for source in np.random.SeedSequence(seed).spawn(2))
    number = 0
    area = 0.0
    while True:
        if kind is Arrivals.POISSON:
            areas = area + np.cumsum(times.exponential(size=_BLOCK))
            area = float(areas[-1])
        else:
            areas = np.arange(number, number + _BLOCK, dtype=float)
        seconds = rate.seconds(areas)
        picked_operations = _pick(operations, choices.random(_BLOCK))
        picked_lanes = _pick(lanes, choices.random(_BLOCK))
        mine = slice((worker - number) % workers, int(np.searchsorted(seconds, duration_s)), workers)
        yield from map(
            _new_arrival,
            zip(
                range(number, number + _BLOCK)[mine],
                (seconds[mine] * 1e9).astype(np.int64).tolist(),
                picked_operations[mine].tolist(),
                picked_lanes[mine].tolist(),
                strict=True,
            ),
        )
        if seconds[-1] >= duration_s:
            return
        number += _BLOCK


def _pick(weights: Sequence[float], draws: NDArray[np.float64]) -> NDArray[np.int64]:
    bounds = np.cumsum(weights) / np.sum(weights)
    return np.minimum(np.searchsorted(bounds, draws, side="right"), len(weights) - 1)


class ArrivalRandom(Random):
    """Randomness that is seeded anew for each arrival, in a third of the time that the Mersenne Twister takes.

    SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). The arrival's number chooses the stream, so that what an operation
    draws does not depend on which virtual user does it.
    """

    def __init__(self, seed: int = 0) -> None:
        self._key = 0
        self._state = 0
        super().__init__(seed)

    def seed(self, a: object = 0, version: int = 2) -> None:
        if not isinstance(a, int):
            raise TypeError("an ArrivalRandom is seeded with a whole number")
        self._key = _mix(a & _WORD)
        self._state = self._key

    def begin(self, number: int) -> None:
        """Draw for arrival `number` from now on."""
        self._state = self._key + (number << 32)  # a distance that no run of draws walks

    def getrandbits(self, k: int, /) -> int:
        bits = 0
        for _ in range(0, k, 64):
            self._state = self._state + 0x9E3779B97F4A7C15 & _WORD
            bits = bits << 64 | _mix(self._state)
        return bits >> (-k % 64)

    def random(self) -> float:
        return self.getrandbits(53) / (1 << 53)


def _mix(word: int) -> int:
    word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9 & _WORD
    word = (word ^ word >> 27) * 0x94D049BB133111EB & _WORD
    return word ^ word >> 31
