"""Recorded events: what is read, sampled, and told of broken lines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.errors import InvalidInput
from harness.upcasters.events import KEPT_MAX, Recorded, read_events


def read(folder: Path, *lines: str | Mapping[str, object]) -> Recorded:
    file = folder / "events.jsonl"
    file.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return read_events(file)


def test_type_version_and_data_are_read_and_the_position_kept(tmp_path: Path) -> None:
    recorded = read(tmp_path, {"type": "A", "version": 2, "data": {"a": 1}, "stream": "s", "position": 7})
    (event,) = recorded.events("A", 2)
    assert (event.data, event.position) == ({"a": 1}, "events.jsonl:1")


def test_without_a_version_it_is_the_class_s_own_or_1(tmp_path: Path) -> None:
    recorded = read(tmp_path, {"type": "A", "data": {}}, {"type": "A", "data": {"class_version": 3}})
    assert recorded.versions() == {("A", 1), ("A", 3)}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "truncated"),
        ("[]", "is no object with a text `type`"),
        ('{"type": 1, "data": {}}', "is no object with a text `type`"),
        ('{"type": "A"}', "has no object `data`"),
        ('{"type": "A", "version": "2", "data": {}}', "its version is no whole number"),
        ('{"type": "A", "version": true, "data": {}}', "its version is no whole number"),
        ('{"type": "A", "data": {"a": NaN}}', "malformed"),
        ('{"type": "A", "data": {"a": "\\ud800"}}', "truncated"),
        ("[" * 100_000, "recursion"),
    ],
)
def test_a_broken_line_is_told_of_and_the_rest_is_read(tmp_path: Path, line: str, why: str) -> None:
    recorded = read(tmp_path, {"type": "A", "data": {}}, "", line, {"type": "A", "data": {}})
    (broken,) = recorded.broken
    assert broken.position == "events.jsonl:3"
    assert why in broken.reason
    assert recorded.counts == {("A", 1): 2}


def test_of_many_events_a_sample_is_kept_from_all_over_the_file(tmp_path: Path) -> None:
    events = [{"type": "A", "data": {"n": number}} for number in range(4 * KEPT_MAX)]
    recorded = read(tmp_path, *events)
    numbers = [event.data["n"] for event in recorded.events("A", 1)]
    assert len(set(numbers)) == KEPT_MAX
    assert KEPT_MAX < sum(numbers) / KEPT_MAX < 3 * KEPT_MAX
    assert recorded.counts["A", 1] == 4 * KEPT_MAX
    assert [event.data["n"] for event in read(tmp_path, *events).events("A", 1)] == numbers


def test_a_file_that_cannot_be_read_is_invalid_input(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_events(tmp_path)
