"""Kayenta's judge as it is, with what it gets wrong, beside what the sequential tests say of the same."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from harness.analysis.judge import Versions, judge
from harness.analysis.mann_whitney import Classification, Kayenta, shift
from harness.analysis.outcomes import Outcome
from harness.analysis.traffic import Answers
from harness.protocols.analysis import Analysis
from tests.unit.analysis.traffic import answers, drawn, traffic

KAYENTA = Kayenta()
MINUTES = 60


def steady(seed: int, level: float = 20.0, spread: float = 2.0) -> list[float]:
    random = Random(seed)
    return [random.gauss(level, spread) for _ in range(MINUTES)]


def test_series_that_are_alike_pass_and_one_that_is_higher_is_high() -> None:
    assert KAYENTA.classify(steady(1), steady(2)) is Classification.PASS
    assert KAYENTA.classify(steady(1), steady(2, level=40.0)) is Classification.HIGH
    assert KAYENTA.classify(steady(1), steady(2, level=10.0)) is Classification.PASS  # lower is no harm


def test_what_is_equal_or_tied_throughout_passes() -> None:
    assert KAYENTA.classify([3.0, 1.0, 2.0], [1.0, 2.0, 3.0]) is Classification.PASS
    assert KAYENTA.classify([5.0, 5.0], [5.0, 5.0, 5.0]) is Classification.PASS


def test_without_points_there_is_no_data() -> None:
    assert KAYENTA.classify([], [1.0]) is Classification.NO_DATA
    assert KAYENTA.classify([1.0], []) is Classification.NO_DATA


def test_the_shift_is_as_rs_wilcox_test_has_it() -> None:
    """The permeability example of R's documentation: what its exact test says, up to the approximation."""
    term = np.array([0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46])
    early = np.array([1.15, 0.88, 0.90, 0.74, 1.21])
    found = shift(early, term, 0.95)
    assert found.low == pytest.approx(-0.1500, abs=0.02)
    assert found.estimate == pytest.approx(0.305, abs=0.01)
    assert found.high == pytest.approx(0.76, abs=0.02)


# ── known wrong verdicts ─────────────────────────────────────────────────────────────────────────────────────────


def test_wrong_pass_a_few_points_a_hundred_times_as_high() -> None:
    """Ranks do not see by how much."""
    canary = steady(2)
    canary[10], canary[30], canary[50] = 2_000.0, 2_000.0, 2_000.0
    assert KAYENTA.classify(steady(1), canary) is Classification.PASS


def test_wrong_pass_errors_that_are_sparse() -> None:
    """In most points neither version has an error, so the shift is 0; the canary fails twenty times as often."""
    random = Random(5)
    stable = drawn(random, seconds=300, per_s=95, error_rate=0.0005)
    canary = drawn(random, seconds=300, per_s=5, error_rate=0.03)
    assert KAYENTA.classify(_error_rates(stable), _error_rates(canary)) is Classification.PASS
    assert judge(Analysis(), traffic(stable, canary), Versions("1.1", "2.0")).outcome is Outcome.FAIL


def test_wrong_pass_a_series_without_data_is_no_failure() -> None:
    """Kayenta leaves such a metric out, and scores a group of none with 100 of 100. Here it never passes."""
    random = Random(6)
    stable = drawn(random, seconds=60, per_s=95)
    assert KAYENTA.classify(_error_rates(stable), []) is Classification.NO_DATA
    nothing = traffic(stable, Answers.none())
    assert judge(Analysis(), nothing, Versions("1.1", "2.0")).outcome is Outcome.NO_DATA


def test_wrong_failure_a_shift_that_is_stable_however_small() -> None:
    stable, canary = steady(1, spread=0.001), steady(2, level=20.01, spread=0.001)
    assert KAYENTA.classify(stable, canary) is Classification.HIGH
    assert Kayenta(allowed_increase=1.1).classify(stable, canary) is Classification.PASS


def test_wrong_failures_by_a_few_points_looked_at_as_they_come() -> None:
    """Of three points each, one healthy canary in twenty has the three highest, and its interval begins above 0."""
    random = np.random.default_rng(9)
    found = 0
    for _ in range(100):
        stable, canary = random.normal(20, 2, 5), random.normal(20, 2, 5)
        found += any(KAYENTA.classify(stable[:n], canary[:n]) is Classification.HIGH for n in (3, 4, 5))
    assert found >= 3  # the confidence of 98 % promises one in a hundred


def _error_rates(found: Answers) -> list[float]:
    return [float(found.failed[found.second == second].mean()) for second in np.unique(found.second)]


def test_the_told_series_are_by_second() -> None:
    assert _error_rates(answers([(1, True, 1.0), (1, False, 1.0), (3, False, 1.0)])) == [0.5, 0.0]
