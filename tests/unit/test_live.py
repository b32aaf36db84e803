from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.live import LiveHistory
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
    ) -> None:
        description = self._recorder.describe(operation, "kept", error, version.encode(), b"web-1", outcome)
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


def test_traffic_names_every_version_and_the_answers_of_nobody(recording: tuple[Story, LiveHistory]) -> None:
    story, live = recording
    story.answered(1, "1.0")
    story.answered(1, "2.0")
    story.answered(1, "", outcome=Outcome.FAIL, error="connect")
    by_version = {each.version: (each.tally.requests, each.tally.failed) for each in live.traffic(0)}
    assert by_version == {"1.0": (1, 0), "2.0": (1, 0), "": (1, 1)}
