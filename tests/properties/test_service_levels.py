"""Burn rates by sums over arrays, held against windows that are counted event by event."""

from __future__ import annotations

from math import ceil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.service_levels.burn_rate import ALERTS, Alert, watch
from harness.service_levels.objective import Events, budget

QUICK = settings(max_examples=60, deadline=None)
buckets = st.lists(
    st.integers(0, 4).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))), max_size=40
)


def rate(told: list[tuple[int, int]], end: int, share: float, least: int, target: float) -> float | None:
    """In the window that ends with bucket `end`, made longer until it holds `least` events; None if it never does."""
    start = max(0, end - max(1, round(share * len(told))))
    while sum(total for _, total in told[start:end]) < least:
        if start == 0:
            return None
        start -= 1
    bad = sum(total - good for good, total in told[start:end])
    return bad / max(1, sum(total for _, total in told[start:end])) / (1 - target)


def first(alert: Alert, told: list[tuple[int, int]], target: float, events_min: int) -> int | None:
    for end in range(1, len(told) + 1):
        long = rate(told, end, alert.long_share, events_min, target)
        short = rate(told, end, alert.short_share, ceil(events_min / 12), target)
        if long is not None and short is not None and min(long, short) >= alert.factor - 1e-9:
            return end
    return None


@QUICK
@given(buckets, st.sampled_from((0.5, 0.9, 0.99)), st.integers(1, 15))
def test_alerts_fire_when_both_windows_burn(told: list[tuple[int, int]], target: float, events_min: int) -> None:
    good, total = (np.array([row[column] for row in told], np.int64) for column in (0, 1))
    for firing in watch(Events(0.5, good, total), target, events_min):
        expected = first(firing.alert, told, target, events_min)
        assert firing.first_s == (None if expected is None else expected * 0.5)
    assert len(watch(Events(0.5, good, total), target, events_min)) == len(ALERTS)


@QUICK
@given(buckets, st.integers(1, 5), st.sampled_from((0.5, 0.75)))
def test_slices_are_counted_one_by_one(told: list[tuple[int, int]], width: int, slice_target: float) -> None:
    good, total = (np.array([row[column] for row in told], np.int64) for column in (0, 1))
    found = budget(Events(1.0, good, total).sliced(float(width), slice_target), 0.9)
    slices = [told[start : start + width] for start in range(0, len(told), width)]
    sums = [(sum(each for each, _ in one), sum(each for _, each in one)) for one in slices]
    asked = [(its_good, its_all) for its_good, its_all in sums if its_all]
    assert found.events == len(asked)
    assert found.bad == sum(its_good < slice_target * its_all for its_good, its_all in asked)
    assert found.allowed == pytest.approx(0.1 * len(asked))
