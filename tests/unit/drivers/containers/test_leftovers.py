"""What is left in an engine, whose it is, and when it is gone; the engine is a list."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import cast

import pytest

pytest.importorskip("testcontainers", reason="the extra `containers` is not installed")

import docker
from docker.errors import APIError

from harness.drivers.containers import leftovers
from harness.drivers.containers.engine import HARNESS_LABEL, MACHINE_LABEL, RUN_LABEL, machine
from harness.drivers.containers.leftovers import of_dead_harnesses, of_run, remove_of_dead_harnesses, remove_run
from harness.errors import HarnessError
from harness.supervisor.scratch import Identity

OURSELVES = Identity.of(os.getpid())
assert OURSELVES is not None
DEAD = f"{OURSELVES.pid}@{OURSELVES.began - 1}"


@dataclass(eq=False)
class Thing:
    """A container or a network."""

    engine: FakeEngine
    name: str
    labels: dict[str, str]
    stuck: bool = False

    @property
    def attrs(self) -> dict[str, dict[str, str]]:
        return {"Labels": self.labels}

    def remove(self, **how: bool) -> None:
        if self.stuck:
            raise APIError("it is in use")
        self.engine.made.remove(self)


@dataclass
class FakeEngine:
    made: list[Thing] = field(default_factory=list)
    to_come: list[Thing] = field(default_factory=list)
    """What it was asked for but makes only later: one each time somebody has looked."""

    @property
    def containers(self) -> FakeEngine:
        return self

    @property
    def networks(self) -> FakeEngine:
        return FakeEngine()

    def list(self, filters: dict[str, str], **how: bool) -> list[Thing]:
        name, _, value = filters["label"].partition("=")
        found = [thing for thing in self.made if thing.labels.get(name) == value]
        if self.to_come:
            self.made.append(self.to_come.pop())
        return found

    def thing(self, run_id: str = "1", harness: str = DEAD, where: str = "", stuck: bool = False) -> Thing:
        labels = {RUN_LABEL: run_id, HARNESS_LABEL: harness, MACHINE_LABEL: where or machine()}
        return Thing(self, f"rollproof-{run_id}-web-1", labels, stuck)


def as_engine(engine: FakeEngine) -> docker.DockerClient:
    return cast(docker.DockerClient, engine)


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "GONE_S_MAX", 0.05)


@pytest.mark.parametrize(
    ("harness", "where", "dead"),
    [
        (DEAD, "", True),
        (str(OURSELVES), "", False),
        (DEAD, "another machine", False),
        ("nonsense", "", False),
        ("", "", False),
    ],
    ids=["dead here", "alive here", "dead elsewhere", "nonsense", "nobody"],
)
def test_only_a_dead_harness_of_this_machine_leaves_something(
    engine: FakeEngine, harness: str, where: str, dead: bool
) -> None:
    engine.made.append(engine.thing(harness=harness, where=where))
    assert len(list(of_dead_harnesses(as_engine(engine)))) == int(dead)


def test_a_run_leaves_what_carries_its_id(engine: FakeEngine) -> None:
    engine.made += [engine.thing("1"), engine.thing("2", str(OURSELVES))]
    assert [(left.kind, left.name, left.run_id) for left in of_run(as_engine(engine), "2")] == [
        ("container", "rollproof-2-web-1", "2")
    ]


def test_what_the_engine_makes_late_is_removed_too(engine: FakeEngine) -> None:
    engine.made.append(engine.thing())
    engine.to_come += [engine.thing(), engine.thing()]
    assert remove_run(as_engine(engine), "1", looks=3)
    assert (engine.made, engine.to_come) == ([], [])


def test_of_other_runs_nothing_is_removed(engine: FakeEngine) -> None:
    engine.made += [engine.thing("1"), engine.thing("2")]
    assert remove_run(as_engine(engine), "1")
    assert [thing.labels[RUN_LABEL] for thing in engine.made] == ["2"]


@pytest.mark.usefixtures("in_haste")
def test_what_cannot_be_removed_is_not_said_to_be_gone(engine: FakeEngine) -> None:
    engine.made += [engine.thing(stuck=True), engine.thing()]
    assert not remove_run(as_engine(engine), "1")
    assert len(engine.made) == 1
    with pytest.raises(HarnessError, match="not all that dead runs left in the engine could be removed"):
        remove_of_dead_harnesses(as_engine(engine))


def test_what_was_swept_is_told(engine: FakeEngine) -> None:
    engine.made += [engine.thing("1"), engine.thing("2", str(OURSELVES))]
    assert [left.run_id for left in remove_of_dead_harnesses(as_engine(engine))] == ["1"]
    assert [thing.labels[RUN_LABEL] for thing in engine.made] == ["2"]
