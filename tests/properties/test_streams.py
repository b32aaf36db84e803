"""Recordings come back as they were; the positions' fingerprint agrees with counting; nothing personal gets through."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.streams.census import take_census
from harness.streams.event import OnBroken, RecordedEvent, refuse
from harness.streams.files import open_recording, write_recording
from harness.streams.recorder import Plan, Sample, record
from harness.streams.scrubbing.actions import hashed, masked
from harness.streams.scrubbing.rules import Action, Rule, Rules, Unknown
from harness.streams.scrubbing.scrubber import Scrubber
from harness.verdict import Status

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
DATA = (
    JSON.map(msgspec.json.encode)
    | st.binary(max_size=20)
    | JSON.map(lambda it: msgspec.json.format(msgspec.json.encode(it)))
)
EVENTS = st.builds(
    RecordedEvent,
    stream=NAMES,
    position=st.integers(0, 2**63 - 1),
    type=NAMES,
    version=st.integers(1, 2**31 - 1),
    data=DATA,
    metadata=st.dictionaries(NAMES, st.integers(-9, 9) | st.text(max_size=3), max_size=2),
)
SECRET = "Ada Lovelace 1815"


@settings(max_examples=60, deadline=None)
@given(st.lists(EVENTS, max_size=5), st.sampled_from(("jsonl", "parquet")))
def test_any_events_come_back_as_they_were(events: list[RecordedEvent], suffix: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, f"a.{suffix}")
        write_recording(file, events)
        assert list(open_recording(file).events()) == events


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from("abc"), st.lists(st.integers(0, 6), min_size=1, max_size=8), min_size=1))
def test_positions_are_judged_as_by_counting(streams: dict[str, list[int]]) -> None:
    events = [RecordedEvent(name, position, "t", 1, b"1") for name, all_ in streams.items() for position in all_]
    whole = all(sorted(all_) == list(range(min(all_), max(all_) + 1)) for all_ in streams.values())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "a.parquet")
        write_recording(file, events)
        assert (take_census(open_recording(file)).positions.status is Status.PASS) == whole


@dataclass(frozen=True)
class Listed:
    """A source of these events."""

    holds: tuple[RecordedEvent, ...]

    def events(self, on_broken: OnBroken = refuse) -> Iterator[RecordedEvent]:
        yield from self.holds


@settings(max_examples=25, deadline=None)
@given(st.lists(EVENTS, max_size=4), st.sampled_from(("jsonl", "parquet")))
def test_what_is_recorded_without_scrubbing_is_what_the_source_holds(events: list[RecordedEvent], suffix: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, f"a.{suffix}")
        plan = Plan(Path("plan.toml"), Listed(tuple(events)), Sample(), Rules(unknown=Unknown.KEEP))
        assert record(plan, file).events == len(events)
        assert list(open_recording(file).events()) == events


@settings(max_examples=25, deadline=None)
@given(st.lists(EVENTS, max_size=5))
def test_formats_can_be_converted_to_and_fro(events: list[RecordedEvent]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        first, second, third = (Path(folder, name) for name in ("a.jsonl", "b.parquet", "c.jsonl"))
        write_recording(first, events)
        write_recording(second, open_recording(first).events())
        write_recording(third, open_recording(second).events())
        assert third.read_bytes() == first.read_bytes()


@settings(max_examples=100, deadline=None)
@given(JSON, JSON)
def test_hashed_values_are_equal_exactly_if_they_were(first: object, second: object) -> None:
    """Of one type, and within the bits that a number keeps; what is true or false has no hash."""
    try:
        one, again, other = (hashed(value, b"k" * 16) for value in (first, first, second))
    except ValueError:
        return
    assert one == again
    if type(first) is type(second):
        assert (one == other) == (
            msgspec.json.encode(first, order="sorted") == msgspec.json.encode(second, order="sorted")
        )


@settings(max_examples=100, deadline=None)
@given(JSON)
def test_what_was_masked_has_the_same_form_and_stays_as_it_is(value: object) -> None:
    once = masked(value)
    assert masked(once) == once
    assert formed(once) == formed(value)


def formed(value: object) -> object:
    """Types, names and lengths."""
    match value:
        case dict():
            return {name: formed(inner) for name, inner in value.items()}
        case list():
            return [formed(inner) for inner in value]
        case str():
            return len(value)
        case _:
            return type(value).__name__


def planted(value: object) -> object:
    """The same form, with the secret for each text and number."""
    match value:
        case dict():
            return {name: planted(inner) for name, inner in value.items()}
        case list():
            return [planted(inner) for inner in value]
        case bool() | None:
            return value
        case _:
            return SECRET


@settings(max_examples=200, deadline=None)
@given(
    JSON,
    st.lists(
        st.builds(
            Rule,
            path=st.sampled_from(("/data", "/data/*", "/data/*/*", "/stream", "/metadata/*", "/data/a")),
            action=st.sampled_from((Action.REMOVE, Action.HASH, Action.MASK)),
        ),
        max_size=4,
    ),
    st.sampled_from((Unknown.DENY, Unknown.REMOVE)),
)
def test_what_no_rule_keeps_is_nowhere_in_what_may_be_written(
    data: object, rules: list[Rule], unknown: Unknown
) -> None:
    event = RecordedEvent(SECRET, 1, "t", 1, msgspec.json.encode(planted(data)), {"who": SECRET})
    try:
        said = repr(Scrubber(Rules(tuple(rules), unknown), b"k" * 16).scrub(event))
    except ValueError as error:  # denied, or a rule that cannot be carried out
        said = str(error)
    assert SECRET not in said
