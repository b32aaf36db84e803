"""Readings through real processes of the tests' own code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.environment import Reader
from harness.lanes.replay.reading import Read, Reading, VersionReader
from harness.replay.versions import Version
from harness.streams.event import SEQUENCE, BrokenRecord, OnBroken, RecordedEvent, refuse
from harness.streams.seen import Seen
from harness.supervisor import Supervisor
from tests.unit.replay.running import paid, version

OLD = version("shop:old_fold", "1.0")
HEALTHY = version("shop:healthy", "2.0")


@dataclass
class Store:
    """Events in a list that may grow."""

    kept: list[RecordedEvent] = field(default_factory=list)
    broken: tuple[BrokenRecord, ...] = ()

    def events(self, on_broken: OnBroken = refuse) -> Iterator[RecordedEvent]:
        for each in self.broken:
            on_broken(each)
        yield from self.kept


@dataclass
class Numbered(Store):
    """One that numbers its events from 1 on; those `late` are not there yet. `read` is what it gave."""

    late: set[int] = field(default_factory=set)
    read: list[int] = field(default_factory=list)

    def events(self, on_broken: OnBroken = refuse) -> Iterator[RecordedEvent]:
        yield from self.unseen(Seen(), on_broken)

    def unseen(self, seen: Seen, on_broken: OnBroken = refuse) -> Iterator[RecordedEvent]:
        for each in self.broken:
            on_broken(each)
        for number, kept in enumerate(self.kept, 1):
            if number not in self.late and (number > seen.highest or number in seen.missing):
                self.read.append(number)
                yield replace(kept, metadata={SEQUENCE: number})

    def given(self) -> list[int]:
        """What was read since this was asked last."""
        given, self.read = self.read, []
        return given


@pytest.fixture
def reading(tmp_path: Path) -> Iterator[Callable[..., Reading]]:
    with ExitStack() as stack:
        supervisor = stack.enter_context(Supervisor("test", tmp_path / "rollproof-test"))

        def make(store: Store, old: Version, new: Version, ignored: Sequence[str] = ()) -> Reading:
            old_reader, new_reader = (
                stack.enter_context(VersionReader(each, supervisor, tmp_path / "rollproof-test")) for each in (old, new)
            )
            reader = Reader("shop", "postgres", ("fold",), table="events", ignored=tuple(ignored))
            return Reading(reader, "live", store, old_reader, new_reader)

        yield make


def event(position: int, data: str, version: int = 1) -> RecordedEvent:
    return RecordedEvent("a", position, "paid", version, data.encode())


def told(read: Read) -> list[tuple[str, int | None, str, int | None]]:
    return [(found.stream, found.position, found.type, found.written_as) for found in read.findings]


def test_versions_that_agree_have_nothing_against_them_and_read_only_what_has_grown(
    reading: Callable[..., Reading], tmp_path: Path
) -> None:
    store = Store([paid("a", 1), paid("b", 1)])
    tried = reading(store, OLD, HEALTHY)
    first = tried.read(tmp_path)
    assert first == (Read("1.0", 2, 2, 2, 2), Read("2.0", 2, 2, 2, 2))
    store.kept.append(paid("b", 2))
    assert tried.read(tmp_path) == (Read("1.0", 2, 1, 3, 3), Read("2.0", 2, 1, 3, 3))
    assert tried.read(tmp_path) == (Read("1.0", 0, 0, 3, 3), Read("2.0", 0, 0, 3, 3))
    assert tried.objection() == ""


def test_of_a_store_that_numbers_its_events_only_what_is_new_is_read_again(
    reading: Callable[..., Reading], tmp_path: Path
) -> None:
    store = Numbered([paid("a", 1), paid("b", 1)])
    tried = reading(store, OLD, HEALTHY)
    assert (tried.read(tmp_path)[0], store.given()) == (Read("1.0", 2, 2, 2, 2), [1, 2])
    store.kept.append(paid("b", 2))
    assert (tried.read(tmp_path)[0], store.given()) == (Read("1.0", 2, 1, 3, 3), [3])
    assert (tried.read(tmp_path)[0], store.given()) == (Read("1.0", 0, 0, 3, 3), [])
    assert (tried.read(tmp_path, anew=True)[0], store.given()) == (Read("1.0", 0, 0, 3, 3), [1, 2, 3])


def test_what_is_wrong_is_found_in_the_part_that_was_read_first_and_in_the_new_one(
    reading: Callable[..., Reading], tmp_path: Path
) -> None:
    unreadable = '{"amount":{"cents":5}}'
    store = Numbered([event(1, unreadable, version=3), paid("b", 1)])
    tried = reading(store, OLD, HEALTHY)
    assert told(tried.read(tmp_path)[0]) == [("a", 1, "paid", 3)]
    store.kept.append(replace(event(2, unreadable, version=3), stream="b"))
    assert told(tried.read(tmp_path)[0]) == [("b", 2, "paid", 3)]
    store.kept.append(paid("a", 2))
    assert told(tried.read(tmp_path)[0]) == [("a", 1, "paid", 3)], "a stream that grows is judged from its beginning"
    assert store.given() == [1, 2, 3, 4]
    assert tried.objection()


def test_an_event_that_was_committed_late_is_read_though_later_ones_were_before(
    reading: Callable[..., Reading], tmp_path: Path
) -> None:
    store = Numbered([paid("a", 1), event(2, '{"amount":{"cents":5}}', version=3), paid("b", 1)], late={2})
    tried = reading(store, OLD, HEALTHY)
    old, _ = tried.read(tmp_path)
    assert (old.held, old.failed) == (2, 0)
    store.late.clear()
    old, _ = tried.read(tmp_path)
    assert (old.held, told(old), store.given()) == (3, [("a", 2, "paid", 3)], [1, 3, 2])


def test_while_something_is_broken_all_is_read_each_time(reading: Callable[..., Reading], tmp_path: Path) -> None:
    store = Numbered([paid("a", 1)], broken=(BrokenRecord("table events", 2, "has no position"),))
    tried = reading(store, OLD, HEALTHY)
    for _ in range(2):
        assert tried.read(tmp_path)[0].undecided == "table events:2: has no position"
    store.broken = ()
    assert [tried.read(tmp_path)[0].undecided, tried.read(tmp_path)[0].undecided] == ["", ""]
    assert store.given() == [1, 1, 1]


def test_streams_take_turns_where_they_are_too_many_for_one_reading(
    reading: Callable[..., Reading], tmp_path: Path
) -> None:
    store = Store([paid(stream, position) for stream in ("a", "b", "c") for position in (1, 2)])
    tried = reading(store, OLD, HEALTHY)
    seen = []
    for _ in range(3):
        old, _ = tried.read(tmp_path, events_max=2)
        store.kept.append(paid("a", len(store.kept)))
        seen.append((old.streams, old.read))
    assert seen == [(1, 2), (1, 4), (1, 6)]
    old, new = tried.read(tmp_path)
    assert (old.read, new.read) == (old.held, new.held) == (9, 9)


def test_an_event_that_the_old_version_cannot_read_stands_against_going_back(
    reading: Callable[..., Reading], tmp_path: Path
) -> None:
    store = Store([paid("a", 1)])
    tried = reading(store, OLD, HEALTHY)
    tried.read(tmp_path)
    store.kept.append(event(2, '{"amount":{"cents":5}}', version=3))
    old, new = tried.read(tmp_path)
    assert (told(old), old.failed, new.failed) == ([("a", 2, "paid", 3)], 1, 0)
    assert tried.objection().startswith("shop 1.0 does not read paid of version 3 (stream a, position 2): ")
    store.kept.append(paid("b", 1))
    tried.read(tmp_path)
    assert tried.objection(), "what stands is not forgotten when other streams grow"


def test_an_event_that_the_new_version_crashes_on_is_named_and_the_rest_is_read(
    reading: Callable[..., Reading], tmp_path: Path
) -> None:
    store = Store([paid("a", 1), paid("b", 1, more=',"poison":1'), paid("c", 1)])
    old, new = reading(store, OLD, version("shop:crashes", "2.0")).read(tmp_path)
    assert told(new) == [("b", 1, "paid", 1)]
    assert "ended with exit code 3" in new.findings[0].error
    assert (old.failed, new.failed, new.read, new.held) == (0, 1, 3, 3)


def test_an_event_of_50_mb_stands_against_going_back_like_any_other(
    reading: Callable[..., Reading], tmp_path: Path
) -> None:
    large = event(1, '{"amount":{"cents":5},"note":"' + "x" * 50_000_000 + '"}', version=3)
    tried = reading(Store([large, paid("b", 1)]), OLD, HEALTHY)
    old, new = tried.read(tmp_path)
    assert (told(old), old.read, new.failed) == ([("a", 1, "paid", 3)], 2, 0)
    assert len(tried.objection()) < 1_000


def test_states_that_differ_name_the_event_after_which_they_do(reading: Callable[..., Reading], tmp_path: Path) -> None:
    amounts = (5, 7, 150, 9, 150)
    store = Store([paid("a", position, amount) for position, amount in enumerate(amounts, 1)])
    store.kept[1] = paid("a", 2, 7, type="refunded")
    wrong = version("shop:wrong_above_100", "2.0")
    _, new = reading(store, OLD, wrong, ignored=["/refunded"]).read(tmp_path)
    assert told(new) == [("a", 3, "paid", 1)]
    assert new.findings[0].error == "the state differs at /balance: 621, not 321"


def test_broken_records_leave_it_open_and_the_rest_is_read(reading: Callable[..., Reading], tmp_path: Path) -> None:
    store = Store([paid("a", 1)], broken=(BrokenRecord("table events", 2, "has no position"),))
    tried = reading(store, OLD, HEALTHY)
    for read in tried.read(tmp_path):
        assert (read.events, read.undecided) == (1, "table events:2: has no position")
    assert not tried.whole


def test_a_version_that_does_not_come_up_leaves_it_open_and_the_other_reads(
    reading: Callable[..., Reading], tmp_path: Path
) -> None:
    old, new = reading(Store([paid("a", 1)]), OLD, version("absent:fold", "2.0")).read(tmp_path)
    assert (old.events, old.undecided) == (1, "")
    assert (new.events, new.read) == (0, 0)
    assert "did not come up" in new.undecided
