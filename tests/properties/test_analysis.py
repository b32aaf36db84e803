"""The sequential tests, held against the plainest Python, and against what they claim, by counting all cases."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import comb, log
from statistics import mean

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.analysis.confidence import quantile_interval, share_interval
from harness.analysis.mann_whitney import shift
from harness.analysis.relative_risk import RISKS, Strata, log_evidence

QUICK = settings(max_examples=60, deadline=None)

stratum = st.tuples(st.integers(0, 6), st.integers(0, 12)).flatmap(
    lambda sizes: st.tuples(st.just(sizes[0]), st.just(sizes[1]), st.integers(0, sum(sizes)))
)
"""Requests to the new version, to the old one, and failures of both together."""


def splits(new: int, old: int, failed: int) -> Iterator[tuple[int, float]]:
    """How many of the failures may be the new version's, and with what probability if it is no worse."""
    for count in range(max(0, failed - old), min(new, failed) + 1):
        yield count, comb(new, count) * comb(old, failed - count) / comb(new + old, failed)


def evidence(told: list[tuple[int, int, int]], counts: tuple[int, ...]) -> float:
    new, old, failed = (np.array(column, np.int64) for column in zip(*told, strict=True))
    return float(log_evidence(Strata(new, new + old, np.array(counts, np.int64), failed))[-1])


@QUICK
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 30), st.floats(0, 1), st.floats(0, 1)), min_size=1))
def test_the_evidence_is_the_mean_of_products(told: list[tuple[int, int, float, float]]) -> None:
    rows = [(new, old, int(new * first), int(old * second)) for new, old, first, second in told]
    products = []
    for risk in RISKS:
        product = 1.0
        for new, old, new_failed, old_failed in rows:
            null, tilted = new / (new + old), risk * new / (risk * new + old)
            product *= (tilted / null) ** new_failed * ((1 - tilted) / (1 - null)) ** old_failed
        products.append(product)
    counts = tuple(row[2] for row in rows)
    found = evidence([(new, old, first + second) for new, old, first, second in rows], counts)
    assert found == pytest.approx(log(mean(products)), abs=1e-9)


@QUICK
@given(stratum, stratum)
def test_if_the_new_version_is_no_worse_the_evidence_has_a_mean_of_at_most_one(
    first: tuple[int, int, int], second: tuple[int, int, int]
) -> None:
    """Over all ways in which the failures may have fallen: this is what bounds false alarms by alpha."""
    expected = sum(
        chance * other_chance * np.exp(evidence([first, second], (count, other)))
        for count, chance in splits(*first)
        for other, other_chance in splits(*second)
    )
    assert expected <= 1 + 1e-9


@QUICK
@given(st.integers(0, 40), st.integers(0, 40), st.sampled_from((0.01, 0.05, 0.2)))
def test_a_share_is_within_its_interval_unless_the_mixture_speaks_against_it(
    hits: int, misses: int, alpha: float
) -> None:
    """By integrating the likelihood numerically, on a grid of shares."""
    interval = share_interval(hits, hits + misses, alpha)
    grid = (np.arange(4_000) + 0.5) / 4_000
    # Jeffreys' prior is uniform in the angle φ of p = sin²(πφ / 2).
    shares = np.sin(grid * np.pi / 2) ** 2
    mixture = np.mean(shares**hits * (1 - shares) ** misses)
    for share in np.linspace(0.005, 0.995, 100):
        against = mixture / (share**hits * (1 - share) ** misses)
        if against < 0.99 / alpha:
            assert interval.low <= share <= interval.high
        elif against > 1.01 / alpha:
            assert not interval.low <= share <= interval.high


@QUICK
@given(st.lists(st.integers(0, 20), max_size=60), st.sampled_from((0.1, 0.5, 0.9)), st.sampled_from((0.05, 0.3)))
def test_the_bounds_of_a_quantile_are_the_values_whose_ranks_are_not_excluded(
    values: list[int], share: float, alpha: float
) -> None:
    ordered = np.sort(np.array(values, np.float64))
    interval = quantile_interval(ordered, share, alpha)
    trials = len(values)
    kept = [
        count
        for count in range(trials + 1)
        if share_interval(count, trials, alpha).low <= share <= share_interval(count, trials, alpha).high
    ]
    assert interval.low == (ordered[kept[0] - 1] if kept[0] else 0.0)
    assert interval.high == (ordered[kept[-1]] if kept[-1] < trials else float("inf"))


def ever_missed(trials: int, share: float, true_share: float, alpha: float) -> float:
    """How probable it is that a value below which `true_share` of all lie is ever outside the bounds for `share` if
    one looks after each answer: by how many lie below it, in the cases in which it was not outside so far."""
    within = np.array([1.0])
    for seen in range(1, trials + 1):
        within = np.append(within, 0.0) * (1 - true_share) + np.append(0.0, within) * true_share
        bounds = quantile_interval(np.arange(1.0, seen + 1), share, alpha)
        below = np.arange(seen + 1)
        within[(below < bounds.low) | (below >= bounds.high)] = 0.0
    return 1 - float(within.sum())


@settings(max_examples=25, deadline=None)
@given(st.sampled_from((0.05, 0.3, 0.5, 0.9, 0.99)), st.sampled_from((0.01, 0.1, 0.4)))
def test_a_quantile_is_ever_outside_its_bounds_with_a_probability_of_at_most_alpha(share: float, alpha: float) -> None:
    assert ever_missed(60, share, share, alpha) <= alpha + 1e-9


def test_what_is_not_the_quantile_comes_to_be_outside_its_bounds() -> None:
    assert ever_missed(120, 0.9, 0.5, 0.01) > 0.99
    assert ever_missed(120, 0.5, 0.5, 0.4) > 0.01


@pytest.mark.parametrize("chances", [(0.5, 0.5, 0.0), (0.2, 0.3, 0.5), (0.1, 0.8, 0.1)])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_nor_is_it_where_values_are_alike(chances: tuple[float, ...], share: float) -> None:
    """All sequences of five values of three, each with its probability."""
    alpha, quantile = 0.4, float(np.searchsorted(np.cumsum(chances), share))
    missed = 0.0
    for values in product(range(3), repeat=5):
        looks = (quantile_interval(np.sort(np.array(values[:seen], np.float64)), share, alpha) for seen in range(1, 6))
        if not all(bounds.low <= quantile <= bounds.high for bounds in looks):
            missed += float(np.prod([chances[value] for value in values]))
    assert missed <= alpha + 1e-9


def plain_statistic(old: list[int], new: list[int], moved_by: float) -> float:
    """Mann and Whitney's, pair by pair, with the corrections for ties and continuity."""
    shifted = [value - moved_by for value in new]
    wins = sum((a > b) + (a == b) / 2 for a in shifted for b in old) - len(new) * len(old) / 2
    everything = [*shifted, *old]
    ties = sum(everything.count(value) ** 3 - everything.count(value) for value in set(everything))
    count = len(everything)
    variance = len(new) * len(old) / 12 * (count + 1 - ties / (count * (count - 1)))
    return (wins - (wins > 0) * 0.5 + (wins < 0) * 0.5) / variance**0.5 if variance > 0 else 0.0


points = st.lists(st.integers(0, 12), min_size=4, max_size=12)


@QUICK
@given(points, points)
def test_the_bounds_of_a_shift_are_where_the_statistic_passes_its_quantile(old: list[int], new: list[int]) -> None:
    found = shift(np.array(old, np.float64), np.array(new, np.float64), 0.9)
    outermost = min(new) - max(old), max(new) - min(old)
    for bound, quantile in ((found.low, 1.645), (found.high, -1.645)):
        if bound > outermost[0] + 1e-6:
            assert plain_statistic(old, new, bound - 1e-6) >= quantile - 1e-3
        if bound < outermost[1] - 1e-6:
            assert plain_statistic(old, new, bound + 1e-6) <= quantile + 1e-3


@QUICK
@given(points, points)
def test_the_estimated_shift_is_hodges_and_lehmanns(old: list[int], new: list[int]) -> None:
    """The median of all differences, up to the flat stretch around it that the correction for continuity makes."""
    differences = sorted(a - b for a in new for b in old)
    found = shift(np.array(old, np.float64), np.array(new, np.float64), 0.9)
    count = len(differences)
    assert differences[max(0, (count - 1) // 2 - 1)] - 1e-6 <= found.estimate
    assert found.estimate <= differences[min(count - 1, count // 2 + 1)] + 1e-6
