from __future__ import annotations

from random import Random

import numpy as np
from numpy.testing import assert_array_equal

from harness.analysis.traffic import Answers
from tests.unit.analysis.traffic import NAN, answers, drawn, traffic


def per_second(found: Answers) -> dict[int, int]:
    seconds, counts = np.unique(found.second, return_counts=True)
    return dict(zip(seconds.tolist(), counts.tolist(), strict=True))


def test_matched_there_are_as_many_answers_of_both_in_each_second() -> None:
    old = answers([(0, False, 1.0)] * 5 + [(1, False, 2.0)] * 2 + [(3, False, 3.0)])
    new = answers([(0, False, 4.0)] * 3 + [(1, False, 5.0)] * 4 + [(2, False, 6.0)])
    matched = traffic(old, new).matched()
    assert per_second(matched.old) == per_second(matched.new) == {0: 3, 1: 2}
    assert set(matched.old.latency_ms) == {1.0, 2.0}
    assert set(matched.new.latency_ms) == {4.0, 5.0}


def test_the_lot_falls_alike_each_time_whatever_the_order_of_the_answers() -> None:
    random = Random(1)
    old, new = drawn(random, seconds=4, per_s=30, error_rate=0.2), drawn(random, seconds=4, per_s=7)
    first = traffic(old, new).matched().old
    again = traffic(old.among(np.random.default_rng(1).permutation(old.requests)), new).matched().old
    assert_array_equal(first.latency_ms, again.latency_ms)
    assert_array_equal(first.failed, again.failed)


def test_what_was_drawn_stays_drawn_when_later_seconds_follow() -> None:
    random = Random(2)
    both = traffic(drawn(random, seconds=6, per_s=30), drawn(random, seconds=6, per_s=7))
    early = traffic(both.old.within(np.arange(3)), both.new.within(np.arange(3))).matched()
    assert_array_equal(both.matched().old.within(np.arange(3)).latency_ms, early.old.latency_ms)


def test_the_lot_prefers_none() -> None:
    random = Random(3)
    both = traffic(drawn(random, seconds=400, per_s=20), drawn(random, seconds=400, per_s=5))
    assert abs(float(both.matched().old.latency_ms.mean()) - 20.0) < 1.0


def test_versions_that_share_no_second_have_nothing_to_match() -> None:
    matched = traffic(answers([(0, False, 1.0)]), answers([(1, False, 1.0)])).matched()
    assert matched.old.requests == matched.new.requests == 0


def test_only_answers_whose_latency_says_something_tell() -> None:
    both = traffic(answers([(0, True, NAN), (0, False, 2.0)]), answers([(0, False, NAN)]))
    assert both.telling().old.latency_ms.tolist() == [2.0]
    assert both.telling().new.requests == 0
