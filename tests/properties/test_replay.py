"""Minimising, comparing and tallying, for whatever comes; a replay is a fold, whatever the order of the recording."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.replay.compare import differences
from harness.replay.helper.shown import as_json
from harness.replay.minimise import minimise
from harness.replay.ordered import order
from harness.replay.properties import Tally
from harness.streams.event import RecordedEvent, refuse
from harness.streams.files import open_recording, write_recording

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 60), st.data())
def test_nothing_can_be_left_out_of_what_was_minimised(count: int, data: st.DataObject) -> None:
    """For a test that need not be monotone: some sets show it, and all the items do."""
    needed = data.draw(st.sets(st.integers(0, count - 1), max_size=6))
    odd = data.draw(st.booleans())

    def shows(items: Sequence[int]) -> bool:
        return set(needed) <= set(items) and (not odd or len(items) % 2 == count % 2)

    minimal = minimise(range(count), shows)
    assert minimal.proven
    assert shows(minimal.items)
    assert list(minimal.items) == sorted(minimal.items)
    if len(minimal.items) > 1:
        assert not any(
            shows([*minimal.items[:place], *minimal.items[place + 1 :]]) for place in range(len(minimal.items))
        )


@settings(max_examples=300, deadline=None)
@given(JSON, JSON)
def test_states_differ_in_some_place_exactly_if_they_are_not_equal(first: object, second: object) -> None:
    one, other = msgspec.json.encode(first), msgspec.json.encode(second)
    same = msgspec.json.encode(first, order="sorted") == msgspec.json.encode(second, order="sorted")
    found = list(differences(one, other))
    assert bool(found) is not same
    assert [each.pointer for each in differences(other, one)] == [each.pointer for each in found]


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_what_is_json_already_is_shown_as_it_is(value: object) -> None:
    assert as_json(value) == value


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5)), max_size=40), st.integers(1, 7))
def test_a_tally_of_parts_is_the_tally_of_all(records: list[tuple[str, int]], parts: int) -> None:
    whole, merged = Tally(), Tally()
    for record in records:
        whole.violate(record)
    for part in range(parts):
        tally = Tally()
        for record in records[part::parts]:
            tally.violate(record)
        merged.merge(tally)
    assert merged == whole


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.text(min_size=1, max_size=3), st.integers(0, 5)), max_size=30), st.integers(1, 3))
def test_units_hold_each_stream_s_events_by_position(places: list[tuple[str, int]], partitions: int) -> None:
    places = [(stream, position) for stream, position in places if stream.isprintable()]
    events = [
        RecordedEvent(stream, position, "t", 1, b"%d" % number) for number, (stream, position) in enumerate(places)
    ]
    with tempfile.TemporaryDirectory() as name:
        write_recording(Path(name, "a.jsonl"), events)
        parts = order(open_recording(Path(name, "a.jsonl")), Path(name), refuse, partitions)
        units = {unit.name: list(unit.recorded()) for part in parts for unit in part.units()}
    expected = {
        stream: sorted((each for each in events if each.stream == stream), key=lambda each: each.position)
        for stream, _ in places
    }
    assert units == expected
