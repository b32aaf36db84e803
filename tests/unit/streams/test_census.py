from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from harness.streams.census import Census, KindOfEvent, take_census
from harness.streams.event import RecordedEvent
from harness.streams.files import open_recording, write_recording
from harness.verdict import Status
from tests.unit.streams.events import account, event

FORMATS = ("jsonl", "parquet")


@pytest.fixture(params=FORMATS)
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / f"a.{request.param}"


def census(file: Path, events: Iterable[RecordedEvent]) -> Census:
    write_recording(file, events)
    return take_census(open_recording(file))


def at(stream: str, *positions: int) -> list[RecordedEvent]:
    return [event(stream, position) for position in positions]


def test_it_counts_by_type_and_version(file: Path) -> None:
    taken = census(file, [event(data=b"12"), event(position=2, data=b"1234"), event("b", version=2, data=b"1")])
    assert taken.kinds == (KindOfEvent("opened", 1, 2, 6, 4), KindOfEvent("opened", 2, 1, 1, 1))
    assert (taken.events, taken.streams, taken.broken) == (3, 2, ())


def test_whole_streams_pass_whatever_their_first_position_and_their_order(file: Path) -> None:
    events = [*account("one", 100), *at("zero", 0, 1, 2), *at("later", 7, 8, 9), *at("shuffled", 3, 1, 2)]
    assert census(file, events).positions.status is Status.PASS


@pytest.mark.parametrize(
    "positions",
    [(1, 3), (1, 1), (1, 2, 2), (1, 1, 3), (0, 0, 2), (5, 7), (5, 5), (1, 1, 4, 4), (0, 3, 3, 0, 3, 0, 0, 3)],
)
def test_a_hole_or_a_position_twice_fails(positions: tuple[int, ...], file: Path) -> None:
    verdict = census(file, [*account("whole", 50), *at("damaged", *positions)]).positions
    assert verdict.status is Status.FAIL
    assert [record[0] for record in verdict.evidence[0].records] == ["damaged"]


@pytest.mark.parametrize("count", [4095, 4096, 4097, 9000])
def test_long_streams_are_judged_as_short_ones(count: int, tmp_path: Path) -> None:
    """Sums are made by blocks of 4096 numbers."""
    file = tmp_path / "a.parquet"
    whole = [*account("from-1", count), *at("from-0", *range(count + 1)), *account("short", 3)]
    assert census(file, whole).positions.status is Status.PASS
    twice = [event("damaged", count - 1 if position == count - 2 else position) for position in range(1, count + 1)]
    verdict = census(file, [*whole, *twice]).positions
    assert [record[0] for record in verdict.evidence[0].records] == ["damaged"]


def test_a_recording_without_events_is_unknown(file: Path) -> None:
    assert census(file, []).positions.status is Status.UNKNOWN


def test_what_is_broken_is_not_counted_and_told(tmp_path: Path) -> None:
    write_recording(tmp_path / "a.jsonl", account("a", 2))
    with (tmp_path / "a.jsonl").open("a") as file:
        file.write("broken\n")
    taken = take_census(open_recording(tmp_path / "a.jsonl"))
    assert (taken.events, [each.number for each in taken.broken]) == (2, [3])
