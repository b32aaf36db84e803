from __future__ import annotations

from collections.abc import Sequence

import pytest

from harness.replay.minimise import minimise


@pytest.mark.parametrize("wanted", [(0,), (999,), (0, 999), (3, 500, 501, 998), tuple(range(0, 1000, 100))])
def test_what_is_needed_is_left_and_nothing_else(wanted: tuple[int, ...]) -> None:
    minimal = minimise(range(1000), lambda items: set(wanted) <= set(items))
    assert minimal.items == wanted
    assert minimal.proven


def test_what_needs_nothing_is_one_item() -> None:
    assert len(minimise(range(10), lambda _: True).items) == 1


def test_all_may_be_needed() -> None:
    assert minimise(range(8), lambda items: len(items) == 8).items == tuple(range(8))


def test_the_number_of_tests_is_bounded_and_then_the_smallest_so_far_is_given() -> None:
    asked = 0

    def shows(items: Sequence[int]) -> bool:
        nonlocal asked
        asked += 1
        return {3, 700} <= set(items)

    minimal = minimise(range(1000), shows, tests_max=20)
    assert asked == minimal.tests == 20
    assert not minimal.proven
    assert len(minimal.items) < 1000
    assert {3, 700} <= set(minimal.items)
