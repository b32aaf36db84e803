from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.consistency.streams.sorting import order, ranks, starts

numbers = st.integers(-(2**62), 2**62) | st.integers(-3, 3)


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(st.tuples(numbers, numbers, st.booleans()), max_size=30))
def test_rows_are_sorted_by_all_keys_and_otherwise_stay_in_order(rows: list[tuple[int, int, bool]]) -> None:
    first, second = (np.array([row[at] for row in rows], np.int64) for at in range(2))
    third = np.array([row[2] for row in rows], np.bool_)
    assert order(first, second, third).tolist() == sorted(range(len(rows)), key=rows.__getitem__)


def test_groups_begin_where_a_key_changes() -> None:
    first = starts(np.array([1, 1, 2, 2]), np.array([5, 6, 6, 6]))
    assert first.tolist() == [True, True, True, False]
    assert ranks(first).tolist() == [0, 1, 2, 2]
