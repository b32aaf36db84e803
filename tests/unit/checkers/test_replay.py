"""Both versions read all that was stored and published."""

from __future__ import annotations

import pytest

from harness.checkers.replay import Replay
from harness.history import Kind
from harness.verdict import Cell, Status, Verdict
from tests.histories.build import Story


def story(*, ending: str = "complete") -> Story:
    """An account opened by 1.0 and charged by 2.0, the second event in the step `rolling`."""
    told = Story(ending=ending)
    told.request(1.0, "open", key=1, version="1.0").event("a", 1, key=1, type="Opened")
    told.moment(2.0, Kind.STEP, "workers", until_s=3.0).moment(3.0, Kind.STEP, "rolling", until_s=9.0)
    told.request(4.0, "transfer", key=2, version="2.0").event("a", 2, key=2, type="Charged")
    return told.moment(9.0, Kind.ENDED, "deployment", {"outcome": "complete", "reason": ""})


def read(told: Story, at_s: float, reader: str, **more: Cell) -> Story:
    service, _, version = reader.partition(" ")
    detail: dict[str, Cell] = {
        "service": service, "version": version, "up": True, "source": "live", "events": 2, "streams": 1,
        "held": 2, "read": 2, "failed": 0, "undecided": "", "last": False,
    }  # fmt: skip
    return told.moment(at_s - 0.1, Kind.REPLAY, reader, {**detail, **more}, until_s=at_s)


def all_read(told: Story, **more: Cell) -> Story:
    for reader in ("ledger 1.0", "ledger 2.0"):
        read(told, 5.0, reader)
        read(told, 11.0, reader, **{"events": 0, "last": True, **more})
    published: dict[str, Cell] = {"held": 2, "published": 2, "failed": 0, "last": True}
    return told.moment(11.0, Kind.REPLAY, "published", published)


def check(told: Story) -> Verdict:
    with told.history() as history:
        return Replay().check(history)


def test_what_both_versions_read_to_the_end_passes() -> None:
    verdict = check(all_read(story()))
    assert verdict.status is Status.PASS
    assert verdict.reason == "Ledger 1.0 and ledger 2.0 read all 2 events, by whichever version written."
    assert (verdict.figures["written_by_1.0"], verdict.figures["written_by_2.0"]) == (1, 1)


def test_an_event_that_is_not_read_is_named_with_the_step_the_reader_and_the_writer() -> None:
    unreadable: dict[str, Cell] = {
        "failed": 1, "stream": "a", "position": 2, "type": "Charged", "written_as": 3, "error": "KeyError: 'amount'",
    }  # fmt: skip
    told = read(story(), 4.5, "ledger 1.0", **unreadable)
    verdict = check(read(all_read(told), 5.0, "ledger 1.0", **unreadable))
    assert verdict.status is Status.FAIL
    assert verdict.first_violation_s == 4.5
    assert verdict.reason == (
        "Ledger 1.0 does not read Charged of version 3 (stream a, position 2) rightly: KeyError: 'amount' (rolling)."
    )
    (record,) = verdict.evidence[0].records
    assert record == (
        4.5, "rolling", "ledger 1.0", True, "live", "a", 2, "Charged", 3, "2.0", "KeyError: 'amount'",
    )  # fmt: skip


@pytest.mark.parametrize(("at_s", "step"), [(1.5, "before the first step"), (10.0, "after the last step")])
def test_what_is_found_outside_of_the_deployment_is_told_so(at_s: float, step: str) -> None:
    verdict = check(read(all_read(story()), at_s, "ledger 2.0", failed=1, stream="a", position=1, error="no"))
    assert verdict.reason.endswith(f"({step}).")


def test_an_event_that_was_passed_over_is_found() -> None:
    passed_over: dict[str, Cell] = {
        "held": 2, "published": 1, "failed": 1, "stream": "a", "position": 1, "type": "Opened", "written_as": 1,
        "error": "2 is published", "last": False,
    }  # fmt: skip
    verdict = check(all_read(story()).moment(6.0, Kind.REPLAY, "published", passed_over))
    assert verdict.status is Status.FAIL
    assert verdict.reason.startswith("Opened of version 1 (stream a, position 1) was never published: 2 is published")


def test_without_a_replay_nothing_is_known() -> None:
    assert check(story()).status is Status.UNKNOWN


def test_readings_without_events_show_nothing() -> None:
    told = story()
    for reader in ("ledger 1.0", "ledger 2.0"):
        read(told, 11.0, reader, events=0, held=0, read=0, last=True)
    verdict = check(told)
    assert (verdict.status, verdict.reason) == (Status.UNKNOWN, "Nothing was replayed.")


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"undecided": "2.0 was given up"}, "Nobody knows whether ledger 1.0 reads everything: 2.0 was given up."),
        ({"read": 1}, "1 events were not read by ledger 1.0."),
    ],
)
def test_what_the_last_reading_left_open_leaves_all_open(more: dict[str, Cell], reason: str) -> None:
    verdict = check(all_read(story(), **more))
    assert (verdict.status, verdict.reason) == (Status.UNKNOWN, reason)


def test_a_run_without_a_last_reading_is_unknown() -> None:
    told = read(read(story(), 5.0, "ledger 1.0"), 5.0, "ledger 2.0")
    assert check(told).status is Status.UNKNOWN


def test_a_version_that_read_nothing_leaves_it_unknown() -> None:
    told = read(read(story(), 5.0, "ledger 1.0"), 11.0, "ledger 1.0", last=True)
    assert check(told).reason == "Ledger 2.0 read nothing."


def test_what_is_not_published_in_the_end_leaves_it_unknown() -> None:
    told = all_read(story())
    told.timeline[-1] = told.timeline[-1].__class__(
        told.timeline[-1].at_ns,
        Kind.REPLAY,
        "published",
        None,
        {"held": 2, "published": 1, "failed": 0, "last": True},
    )
    assert check(told).reason == "1 events were not published."


def test_a_recording_of_which_nobody_knows_leaves_it_unknown() -> None:
    told = read(all_read(story()), 1.0, "ledger 2.0", source="old.jsonl", undecided="old.jsonl:3: not JSON")
    assert check(told).reason == "Nobody knows whether ledger 2.0 reads old.jsonl: old.jsonl:3: not JSON."


def test_a_version_that_wrote_nothing_leaves_open_whether_others_read_what_it_writes() -> None:
    told = Story().request(1.0, "open", key=1, version="1.0").event("a", 1, key=1)
    assert check(all_read(told)).reason == "Nothing is known to be written by 2.0."


def test_one_that_was_rolled_back_need_not_have_written() -> None:
    told = Story(ending="rollback").request(1.0, "open", key=1, version="1.0").event("a", 1, key=1)
    assert check(all_read(told)).status is Status.PASS


@pytest.mark.parametrize("table", ["requests", "store"])
def test_without_a_table_nothing_passes(table: str) -> None:
    assert check(all_read(story()).without(table)).status is Status.UNKNOWN
