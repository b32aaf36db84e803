from __future__ import annotations

from math import inf

import numpy as np
import pytest

from harness.analysis.confidence import Interval, quantile_interval, share_interval


def test_without_trials_a_share_may_be_anything() -> None:
    assert share_interval(0, 0, 0.05) == Interval(0.0, 1.0)


@pytest.mark.parametrize(("hits", "trials"), [(0, 50), (1, 50), (25, 50), (50, 50)])
def test_the_interval_holds_what_was_seen_and_narrows(hits: int, trials: int) -> None:
    few, many = share_interval(hits, trials, 0.05), share_interval(hits * 100, trials * 100, 0.05)
    assert few.low <= hits / trials <= few.high
    assert few.low <= many.low
    assert many.high <= few.high
    assert many.high - many.low < 0.2 * (few.high - few.low) + 1e-9


def test_a_stricter_alpha_gives_a_wider_interval() -> None:
    loose, strict = share_interval(7, 100, 0.1), share_interval(7, 100, 0.001)
    assert strict.low < loose.low
    assert loose.high < strict.high


def test_a_share_is_never_outside_at_any_time_but_for_alpha() -> None:
    """Peeked at after every trial."""
    random = np.random.default_rng(5)
    missed = 0
    for _ in range(60):
        hits = random.binomial(1, 0.1, 150).cumsum()
        intervals = [share_interval(int(hits[number]), number + 1, 0.1) for number in range(150)]
        missed += any(not interval.low <= 0.1 <= interval.high for interval in intervals)
    assert missed <= 6


def test_a_quantile_is_bounded_by_values_that_were_seen() -> None:
    ordered = np.sort(np.random.default_rng(6).exponential(20.0, 5_000))
    median, tail = quantile_interval(ordered, 0.5, 0.01), quantile_interval(ordered, 0.99, 0.01)
    assert median.low < 20 * np.log(2) < median.high
    assert tail.low < 20 * np.log(100) < tail.high
    assert median.high < tail.low
    assert {median.low, median.high, tail.low, tail.high} <= set(ordered.tolist())


def test_of_a_few_values_the_tail_is_not_known() -> None:
    ordered = np.sort(np.random.default_rng(7).exponential(20.0, 100))
    assert quantile_interval(ordered, 0.99, 0.01).high == inf
    assert quantile_interval(np.empty(0), 0.99, 0.01) == Interval(0.0, inf)


def test_a_quantile_is_never_outside_at_any_time_but_for_alpha() -> None:
    random = np.random.default_rng(8)
    missed = 0
    for _ in range(60):
        values = random.exponential(1.0, 200)
        intervals = [quantile_interval(np.sort(values[:seen]), 0.9, 0.1) for seen in range(1, 201, 4)]
        missed += any(not interval.low <= np.log(10) <= interval.high for interval in intervals)
    assert missed <= 6
