"""The lane on a system in memory, with recordings, and with a store that cannot be reached."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from harness.environment import Reader, Store, StoreKind
from harness.errors import InvalidInput
from harness.history import Kind, Moment
from harness.lanes.replay.lane import ReplayLane
from harness.lanes.stage import Stage
from harness.protocols import Workspace
from harness.scenario import Change, Load, Replay, Scenario
from harness.strategies.rolling import Rolling
from harness.supervisor import Supervisor
from tests.unit.fakes import ENVIRONMENT, FakeSystem, MemoryTimeline
from tests.unit.replay.running import CODE, paid, recording

READER = Reader(
    "web",
    "postgres",
    ("{python}", "{helper}", "shop:healthy"),
    variables={"PYTHONPATH": str(CODE), "RELEASE": "{version}", "UNUSED": "{port}"},
    table="events",
)
SHOP = replace(ENVIRONMENT, folder=CODE, readers=(READER,), stores=(Store("postgres", StoreKind.POSTGRES),))
SCENARIO = Scenario("s", SHOP, Change("1", "2"), Rolling(), Load(Path("locustfile.py"), "User", 10.0))


class Unreachable(FakeSystem):
    def store_url(self, store: str) -> str:
        return "postgresql://127.0.0.1:1/none?connect_timeout=2"


@contextmanager
def lane(scenario: Scenario, folder: Path) -> Iterator[ReplayLane]:
    scratch = folder / "rollproof-test"
    with Supervisor("test", scratch) as supervisor:
        workspace = Workspace("test", scratch, folder, supervisor, 1)
        with ReplayLane(scenario, Unreachable(SHOP), workspace) as running:
            yield running


def run(scenario: Scenario, folder: Path) -> list[Moment]:
    with MemoryTimeline() as timeline, lane(scenario, folder) as replays:
        stage = Stage(timeline, time.monotonic_ns())
        with replays.running(stage):
            pass
        replays.last_round(stage)
    return timeline.of(Kind.REPLAY)


def test_a_scenario_that_asks_for_no_replay_starts_nothing_and_records_nothing(tmp_path: Path) -> None:
    assert run(SCENARIO, tmp_path) == []


def test_a_recording_is_read_by_both_versions(tmp_path: Path) -> None:
    file = recording(tmp_path, [paid("a", 1), paid("a", 2)]).path
    moments = run(replace(SCENARIO, replay=Replay(recordings=(file,))), tmp_path)
    read = [moment for moment in moments if moment.detail["source"] == "recording.jsonl"]
    assert [(moment.name, moment.detail["events"], moment.detail["failed"]) for moment in read] == [
        ("web 1", 2, 0),
        ("web 2", 2, 0),
    ]
    assert [moment.detail["up"] for moment in read] == [True, False]


def test_the_first_round_can_be_waited_for(tmp_path: Path) -> None:
    with MemoryTimeline() as timeline, lane(replace(SCENARIO, replay=Replay(every_s=600.0)), tmp_path) as replays:
        stage = Stage(timeline, time.monotonic_ns())
        with replays.running(stage):
            replays.await_first_round(stage)
            assert [moment.name for moment in timeline.of(Kind.REPLAY)] == ["web 1", "web 2"]
    with MemoryTimeline() as timeline, lane(SCENARIO, tmp_path) as idle:
        idle.await_first_round(Stage(timeline, time.monotonic_ns()))


def test_a_broken_line_of_a_recording_is_told_with_its_place_and_the_rest_is_read(tmp_path: Path) -> None:
    file = recording(tmp_path, [paid("a", 1), paid("a", 2)]).path
    with file.open("a") as lines:
        lines.write("{no JSON\n")
    moments = run(replace(SCENARIO, replay=Replay(recordings=(file,))), tmp_path)
    first = next(moment for moment in moments if moment.detail["source"] == "recording.jsonl")
    assert first.detail["events"] == 2
    assert str(first.detail["undecided"]).startswith(f"{file}:3: ")


def test_a_store_that_cannot_be_read_leaves_all_open_to_the_end(tmp_path: Path) -> None:
    moments = run(replace(SCENARIO, replay=Replay()), tmp_path)
    last = [moment for moment in moments if moment.detail["last"]]
    assert [moment.name for moment in last] == ["web 1", "web 2"]
    assert all("the table events cannot be read" in str(moment.detail["undecided"]) for moment in last)


def test_what_cannot_be_read_is_no_objection(tmp_path: Path) -> None:
    with MemoryTimeline() as timeline, lane(replace(SCENARIO, replay=Replay()), tmp_path) as replays:
        assert replays.objection(Stage(timeline, time.monotonic_ns())) == ""
    assert [moment.detail["text"] for moment in timeline.of(Kind.NOTE)] == [
        "may 1 come back? nothing speaks against it"
    ]


def test_a_recording_that_is_none_is_refused(tmp_path: Path) -> None:
    scenario = replace(SCENARIO, replay=Replay(recordings=(Path(sys.executable),)))
    with pytest.raises(InvalidInput, match="is not a recording's name"), lane(scenario, tmp_path):
        pass
