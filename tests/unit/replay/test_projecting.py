"""Read models built in many ways, by real processes with real stores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.replay.projecting import Projecting
from harness.streams import jsonlines
from harness.streams.event import RecordedEvent
from harness.supervisor import Supervisor
from harness.verdict import Status
from tests.unit.replay.running import LIMITS, paid, version

LINES = [jsonlines.render(paid(stream, position, position)) for position in range(1, 12) for stream in ("a", "b", "c")]
ROWS = b'{"a":66,"b":66,"c":66}'


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    with Supervisor("test", tmp_path / "rollproof-test") as supervisor:
        yield supervisor


def projecting(target: str, supervisor: Supervisor, tmp_path: Path) -> Projecting:
    return Projecting(version(f"read_models:{target}"), supervisor, tmp_path / "rollproof-test", LIMITS)


def test_a_healthy_projection_has_the_same_rows_whatever_happens(supervisor: Supervisor, tmp_path: Path) -> None:
    verdicts = projecting("Balances", supervisor, tmp_path).judge(LINES, live=ROWS)
    assert [(verdict.checker, verdict.status) for verdict in verdicts] == [
        ("projections", Status.PASS),
        ("exactly-once", Status.PASS),
    ]


def test_a_live_read_model_that_differs_is_found(supervisor: Supervisor, tmp_path: Path) -> None:
    projections, _ = projecting("Balances", supervisor, tmp_path).judge(
        LINES, live=b'{"a":65,"b":66,"c":66}', durable=False
    )
    assert projections.status is Status.FAIL
    assert projections.evidence[0].records == (("live", "/a", "66", "65"),)


def test_rows_that_depend_on_the_size_of_batches_are_found(supervisor: Supervisor, tmp_path: Path) -> None:
    projections, _ = projecting("ByBatch", supervisor, tmp_path).judge(LINES, durable=False)
    assert projections.status is Status.FAIL


@pytest.mark.parametrize(
    ("target", "trouble"),
    [
        ("CountsTwice", "with_duplicates"),
        ("CountsTwice", "with_restarts"),
        ("CountsTwice", "by_two_at_once"),
        ("Remembers", "with_restarts"),
        ("Remembers", "by_two_at_once"),
        ("CheckpointFirst", "with_restarts"),
    ],
)
def test_effects_that_are_lost_or_doubled_show_in_the_rows(
    target: str, trouble: str, supervisor: Supervisor, tmp_path: Path
) -> None:
    tried = projecting(target, supervisor, tmp_path)
    assert tried.in_batches(LINES, len(LINES)) == ROWS
    assert getattr(tried, trouble)(LINES) not in (ROWS, None)


def test_a_projection_that_remembers_in_its_process_stands_duplicates(supervisor: Supervisor, tmp_path: Path) -> None:
    assert projecting("Remembers", supervisor, tmp_path).with_duplicates(LINES) == ROWS


def test_without_events_it_is_unknown(supervisor: Supervisor, tmp_path: Path) -> None:
    verdicts = projecting("Balances", supervisor, tmp_path).judge([])
    assert {verdict.status for verdict in verdicts} == {Status.UNKNOWN}


def test_rows_that_cannot_be_had_are_unknown(supervisor: Supervisor, tmp_path: Path) -> None:
    poisoned = [*LINES, jsonlines.render(RecordedEvent("a", 12, "paid", 1, b"{}"))]
    verdicts = projecting("CountsTwice", supervisor, tmp_path).judge(poisoned, durable=False)
    assert {verdict.status for verdict in verdicts} == {Status.UNKNOWN}
