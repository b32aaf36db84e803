"""The exact tail, held against sums that can be done by hand."""

from __future__ import annotations

from math import comb, isclose

import pytest

from harness.checkers.binomial import upper_tail


@pytest.mark.parametrize("trials", [1, 5, 40])
@pytest.mark.parametrize("probability", [0.01, 0.3, 0.9])
def test_it_is_the_sum_of_its_terms(trials: int, probability: float) -> None:
    for successes in range(trials + 2):
        by_hand = sum(
            comb(trials, k) * probability**k * (1 - probability) ** (trials - k) for k in range(successes, trials + 1)
        )
        assert isclose(upper_tail(successes, trials, probability), by_hand, rel_tol=1e-9, abs_tol=1e-12)


def test_far_tails_are_small_and_not_zero() -> None:
    assert 0 < upper_tail(60, 2000, 0.01) < 1e-11
    assert upper_tail(20, 2000, 0.01) > 0.5
