"""Which numbers of a store are still to be read."""

from __future__ import annotations

from harness.streams.seen import MISSING_MAX, Seen


def test_numbers_that_were_left_out_are_missing_until_they_come() -> None:
    first = Seen().and_then([1, 2, 5])
    assert first == Seen(5, frozenset({3, 4}))
    assert first is not None
    assert first.and_then([]) == first
    assert first.and_then([7, 4]) == Seen(7, frozenset({3, 6}))


def test_a_store_that_leaves_too_many_out_is_read_anew() -> None:
    assert Seen().and_then([MISSING_MAX + 1]) is not None
    assert Seen().and_then([MISSING_MAX + 2]) is None
    assert Seen(5).and_then([10**18]) is None


def test_numbers_that_come_twice_or_were_seen_tell_nothing() -> None:
    assert Seen().and_then([1, 1]) is None
    assert Seen(5).and_then([5]) is None
    assert Seen().and_then([0, 1]) is None
