"""The replay lane on the ledger's own processes and stores, round by round: without a deployment and its load."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.environment import Environment
from harness.environment_file import read_environment
from harness.history import Kind
from harness.lanes.replay.lane import ReplayLane
from harness.lanes.stage import Stage
from harness.protocols import Instance as Running
from harness.protocols import Workspace
from harness.scenario import Change, Load, Replay, Scenario
from harness.strategies.rolling import Rolling
from harness.supervisor import Supervisor
from tests.environments.ledger.observations import all_published, published
from tests.environments.ledger.servers import FOLDER, Instance, World, eventually
from tests.environments.ledger.traffic import run_transfers
from tests.unit.fakes import FakeSystem, MemoryTimeline

pytestmark = pytest.mark.servers

LEDGER = read_environment(FOLDER)
PLAIN = Replay()
HISTORY = FOLDER.parents[1] / "scenarios" / "streams" / "ledger-1.0.jsonl"


class System(FakeSystem):
    """Whose stores are the world's, and whose instances are none: nobody deploys here."""

    def __init__(self, world: World) -> None:
        self.environment: Environment = LEDGER
        self._urls = {"postgres": world.database_url, "nats": world.nats.url}

    def instances(self) -> tuple[Running, ...]:
        return ()

    def store_url(self, store: str) -> str:
        return self._urls[store]


@dataclass
class Rounds:
    lane: ReplayLane
    stage: Stage
    timeline: MemoryTimeline

    def read(self) -> dict[str, dict[str, Any]]:
        """One round; what is new of each reader of the live stores, by name."""
        before = len(self.timeline.of(Kind.REPLAY))
        self.lane.last_round(self.stage)
        return {moment.name: dict(moment.detail) for moment in self.timeline.of(Kind.REPLAY)[before:]}


@contextmanager
def rounds(world: World, old: str, new: str, settings: Replay = PLAIN) -> Iterator[Rounds]:
    scratch = world.folder / "rollproof-test"
    scenario = Scenario(
        "s", LEDGER, Change(old, new), Rolling(), Load(Path("locustfile.py"), "User", 1.0), replay=settings
    )
    with Supervisor("test", scratch) as supervisor, MemoryTimeline() as timeline:
        workspace = Workspace("test", scratch, world.folder, supervisor, 1)
        with ReplayLane(scenario, System(world), workspace) as lane:
            yield Rounds(lane, Stage(timeline, time.monotonic_ns()), timeline)


def write(instance: Instance, accounts: Iterable[int]) -> None:
    """Opens them, and moves money from the first to the second."""
    first, second = accounts
    assert instance.open(first).status == 201
    assert instance.open(second).status == 201
    assert instance.transfer(first, second, 30).status == 201


def test_versions_read_what_each_other_wrote_and_published(world: World) -> None:
    world.migrate("expand", "2.0")
    old, new = world.services("2.1", "3.0")
    write(old, (1, 2))
    write(new, (3, 4))
    assert old.transfer(3, 1).status == new.transfer(1, 3).status == 201
    eventually(lambda: all_published(world), "all is published")
    with rounds(world, "2.1", "3.0") as tried:
        seen = tried.read()
        assert tried.lane.objection(tried.stage) == ""
    assert set(seen) == {"ledger 2.1", "ledger 3.0", "projector 2.1", "projector 3.0", "published"}
    assert all(each["failed"] == 0 for each in seen.values())
    readers = [each for name, each in seen.items() if name != "published"]
    assert [(each["events"], each["held"], each["read"], each["undecided"]) for each in readers] == [
        (12, 12, 12, "")
    ] * 4
    assert (seen["published"]["held"], seen["published"]["published"]) == (12, 12)


def test_no_upcaster_is_found_before_the_version_is_up(world: World) -> None:
    (old,) = world.services("1.1")
    write(old, (1, 2))
    with rounds(world, "1.1", "2.0+no-upcaster") as tried:
        seen = tried.read()
    found = seen["ledger 2.0+no-upcaster"]
    assert (found["failed"], found["position"], found["type"], found["written_as"]) == (4, 1, "ledger.opened", 1)
    assert "currency" in found["error"]
    assert seen["ledger 1.1"]["failed"] == 0


def test_what_the_old_version_cannot_read_stands_in_the_way_of_a_rollback(world: World) -> None:
    world.migrate("expand", "2.0")
    old, new = world.services("1.1", "2.0+unreadable-after-rollback")
    write(old, (1, 2))
    with rounds(world, "1.1", "2.0+unreadable-after-rollback") as tried:
        assert tried.lane.objection(tried.stage) == ""
        write(new, (3, 4))
        assert tried.lane.objection(tried.stage).startswith(
            "ledger 1.1 does not read ledger.opened of version 3 (stream 3, position 1): AttributeError: "
        )
        (first, second) = (moment.detail["text"] for moment in tried.timeline.of(Kind.NOTE))
        assert first == "may 1.1 come back? nothing speaks against it"
        assert str(second).startswith("may 1.1 come back? ledger 1.1 does not read")


def test_nobody_asks_where_rollbacks_are_not_guarded(world: World) -> None:
    world.migrate("expand", "2.0")
    (new,) = world.services("2.0+unreadable-after-rollback")
    write(new, (1, 2))
    settings = Replay(guards_rollback=False)
    with rounds(world, "1.1", "2.0+unreadable-after-rollback", settings) as tried:
        assert tried.lane.objection(tried.stage) == ""
        assert tried.read()["ledger 1.1"]["failed"] == 4


def test_all_of_a_recording_is_read_besides(world: World) -> None:
    world.services("1.1")
    with rounds(world, "1.1", "3.0", Replay(recordings=(HISTORY,))) as tried, tried.lane.running(tried.stage):
        pass
    recorded = [moment for moment in tried.timeline.of(Kind.REPLAY) if moment.detail.get("source") == HISTORY.name]
    assert [(moment.name, moment.detail["events"], moment.detail["failed"]) for moment in recorded] == [
        ("ledger 1.1", 9, 0),
        ("ledger 3.0", 9, 0),
    ]


@pytest.mark.parametrize(("variant", "passed_over"), [("", False), ("+skips-late-commit", True)])
def test_what_a_relay_passes_over_is_found(world: World, variant: str, passed_over: bool) -> None:
    (service,) = world.services(f"1.0{variant}")
    accounts = range(1, 9)
    for number in accounts:
        assert service.open(number).status == 201
    with rounds(world, "1.0", "1.1", Replay(unpublished_s_max=0.1)) as tried:
        run_transfers([service], accounts, 80)
        at_rest(world)
        tried.read()
        run_transfers([service], accounts, 80)
        at_rest(world)
        seen = tried.read()["published"]
    assert (seen["failed"] > 0) is passed_over
    assert (seen["held"] > seen["published"]) is passed_over
    if passed_over:
        assert seen["position"] not in published(world)[str(seen["stream"])]
        assert "was passed over" in seen["error"]


def at_rest(world: World) -> None:
    """Nothing more is published."""
    seen: list[int] = []

    def no_more_comes() -> bool:
        seen.append(sum(map(len, published(world).values())))
        return len(seen) > 10 and seen[-10:] == [seen[-1]] * 10

    eventually(no_more_comes, "publishing comes to rest")
