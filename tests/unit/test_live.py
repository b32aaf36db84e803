from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.live import LiveHistory
from harness.load.journal import Stall
from harness.load.recording import Recorder, Records
from harness.load.records import Outcome

MS = 1_000_000


class Story:
    """Writes requests into a recording, a millisecond at a time."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def answered(
        self,
        at_ms: int,
        version: str,
        took_ms: int = 10,
        outcome: Outcome = Outcome.OK,
        error: str = "",
        operation: str = "get",
        instance: str = "web-1",
    ) -> None:
        description = self._recorder.describe(operation, "kept", error, version.encode(), instance.encode(), outcome)
        self._recorder.write(
            at_ms * MS, at_ms * MS, at_ms * MS, (at_ms + took_ms) * MS, 0, 0, 0, 0, 200, 1, description
        )


@pytest.fixture
def recording(tmp_path: Path) -> Iterator[tuple[Story, LiveHistory]]:
    path = tmp_path / "load.requests"
    recorder = Recorder(path)
    yield Story(recorder), LiveHistory(Records([path]), origin_ns=0, lasting=("download",))
    recorder.close()


def test_a_version_that_answered_nothing_has_an_empty_tally(recording: tuple[Story, LiveHistory]) -> None:
    _, live = recording
    tally = live.tally("2.0", 0)
    assert (tally.requests, tally.failed, tally.p99_ms, tally.error_rate) == (0, 0, None, None)


def test_only_the_asked_version_since_the_asked_time_counts(recording: tuple[Story, LiveHistory]) -> None:
    story, live = recording
    story.answered(5, "2.0", outcome=Outcome.FAIL, error="status")
    story.answered(20, "1.0", outcome=Outcome.FAIL, error="status")
    story.answered(20, "2.0", took_ms=40)
    story.answered(30, "2.0", took_ms=40)
    tally = live.tally("2.0", 10 * MS)
    assert (tally.requests, tally.failed, tally.p99_ms) == (2, 0, 40.0)


def test_what_is_written_between_two_questions_is_seen_by_the_second(recording: tuple[Story, LiveHistory]) -> None:
    story, live = recording
    story.answered(1, "2.0")
    assert live.tally("2.0", 0).requests == 1
    story.answered(2, "2.0", outcome=Outcome.INDETERMINATE, error="timeout")
    tally = live.tally("2.0", 0)
    assert (tally.requests, tally.failed, tally.error_rate) == (2, 1, 0.5)


def test_what_takes_its_time_on_purpose_counts_but_for_its_latency(recording: tuple[Story, LiveHistory]) -> None:
    story, live = recording
    story.answered(1, "2.0", took_ms=900, operation="download")
    assert (live.tally("2.0", 0).requests, live.tally("2.0", 0).p99_ms) == (1, None)
    story.answered(2, "2.0", took_ms=10)
    story.answered(2, "2.0", took_ms=900, operation="download", outcome=Outcome.FAIL, error="reset")
    tally = live.tally("2.0", 0)
    assert (tally.requests, tally.failed, tally.p99_ms) == (3, 1, 10.0)


def test_a_refusal_is_an_answer(recording: tuple[Story, LiveHistory]) -> None:
    story, live = recording
    story.answered(1, "2.0", outcome=Outcome.FAIL, error="refused")
    assert live.tally("2.0", 0).failed == 0


def test_versions_are_compared_by_the_second_in_which_a_request_was_due(recording: tuple[Story, LiveHistory]) -> None:
    story, live = recording
    story.answered(500, "1.0")  # before
    story.answered(1_000, "1.0", took_ms=20)
    story.answered(1_999, "2.0", took_ms=3_000, outcome=Outcome.FAIL, error="status")  # belongs to when it began
    story.answered(2_100, "2.0", outcome=Outcome.FAIL, error="refused")
    story.answered(2_200, "2.0", took_ms=900, operation="download")
    story.answered(2_300, "", took_ms=5_000, outcome=Outcome.INDETERMINATE, error="timeout")
    story.answered(3_000, "2.0")  # afterwards
    traffic = live.compare("1.0", "2.0", 1_000 * MS, 3_000 * MS)
    assert (traffic.old.second.tolist(), traffic.old.failures) == ([0], 0)
    assert (traffic.new.second.tolist(), traffic.new.failed.tolist()) == ([0, 1, 1], [True, False, False])
    assert traffic.old.latencies_ms.tolist() == [20.0]
    assert traffic.new.latencies_ms.tolist() == [10.0]  # neither of what failed nor of what lasts on purpose
    assert traffic.nobody.second.tolist() == [1]


def test_of_the_old_version_only_the_baseline_is_compared_where_there_is_one(
    recording: tuple[Story, LiveHistory],
) -> None:
    story, live = recording
    for at_ms, instance in enumerate(("web-1", "web-2", "web-5", "web-5", "web-7")):
        story.answered(at_ms, "1.0", instance=instance, took_ms=at_ms)
    story.answered(5, "2.0", instance="web-4")
    traffic = live.compare("1.0", "2.0", 0, 1_000 * MS, ("web-5", "web-7"))
    assert (traffic.old.latencies_ms.tolist(), traffic.new.requests) == ([2.0, 3.0, 4.0], 1)
    assert live.compare("1.0", "2.0", 0, 1_000 * MS, ("web-9",)).old.requests == 0
    assert live.compare("1.0", "2.0", 0, 1_000 * MS).old.requests == 5


def test_seconds_in_which_the_load_itself_did_not_run_are_not_compared(tmp_path: Path) -> None:
    path = tmp_path / "load.requests"
    recorder = Recorder(path)
    story, live = Story(recorder), LiveHistory(Records([path]), origin_ns=0)
    for second in range(4):
        story.answered(second * 1_000 + 500, "1.0")
        story.answered(second * 1_000 + 500, "2.0")
    recorder.journal.append(Stall(1_900 * MS, 2_100 * MS))
    assert live.compare("1.0", "2.0", 0, 4_000 * MS).new.second.tolist() == [0, 3]
    recorder.close()


def test_of_a_version_that_nobody_saw_there_is_nothing_to_compare(recording: tuple[Story, LiveHistory]) -> None:
    story, live = recording
    story.answered(5, "1.0")
    traffic = live.compare("1.0", "2.0", 0, 1_000 * MS)
    assert (traffic.old.requests, traffic.new.requests, traffic.nobody.requests) == (1, 0, 0)


def test_traffic_names_every_version_and_the_answers_of_nobody(recording: tuple[Story, LiveHistory]) -> None:
    story, live = recording
    story.answered(1, "1.0")
    story.answered(1, "2.0")
    story.answered(1, "", outcome=Outcome.FAIL, error="connect")
    by_version = {each.version: (each.tally.requests, each.tally.failed) for each in live.traffic(0)}
    assert by_version == {"1.0": (1, 0), "2.0": (1, 0), "": (1, 1)}
