"""Deployments that a platform carries out: one in memory, that goes as it is told."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import pytest

from harness.errors import HarnessError, StepFailed
from harness.history import Kind
from harness.lanes.deploy import Deployment
from harness.lanes.gates import Tally
from harness.lanes.stage import Stage
from harness.protocols import Process, Rollout, RolloutPolicy, RolloutState
from harness.scenario import Change, Load, Scenario
from harness.strategies.canary import Canary, CanaryStep
from harness.strategies.command import Command
from harness.strategies.deployment import NativeDeployment
from tests.unit.fakes import ENVIRONMENT, CannedLive, FakeSystem, MemoryTimeline

NATIVE = Scenario(
    "s",
    ENVIRONMENT,
    Change("1", "2"),
    NativeDeployment(timeout_s=0.4, watch_s=0.02),
    Load(Path("locustfile.py"), "User", 10.0),
)
BY_COMMAND = replace(NATIVE, strategy=Command(("deploy",), undo=("undeploy",), timeout_s=0.4, watch_s=0.02))


@dataclass
class FakeProcess:
    exit_code: int | None
    name: str = "tool-1"
    pid: int = 1
    signals: list[int] = field(default_factory=list)

    def signal(self, number: int) -> None:
        self.signals.append(number)
        self.exit_code = -number

    def wait(self, timeout_s: float) -> int | None:
        return self.exit_code


@dataclass
class FakePlatform(FakeSystem):
    """Goes at once where it is asked to go. Rollouts to `failing` fail, those to `endless` never end."""

    failing: frozenset[str] = frozenset()
    endless: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    tool: FakeProcess = field(default_factory=lambda: FakeProcess(0))
    tool_goes_to: str = "2"
    ran: list[tuple[str, ...]] = field(default_factory=list)

    def apply(self, service: str, version: str, policy: RolloutPolicy) -> None:
        if version in self.refused:
            raise StepFailed(f"{service} {version} is not allowed")
        self._go(service, version)

    def undo(self, service: str) -> None:
        self._go(service, "1")

    def rollout(self, service: str) -> Rollout:
        version = next(instance.version for instance in self.fleet if instance.service == service)
        if version in self.failing:
            return Rollout(RolloutState.FAILED, version, "its deadline passed")
        if version in self.endless:
            return Rollout(RolloutState.PROGRESSING, version, "1 of 2 are ready")
        return Rollout(RolloutState.COMPLETE, version)

    def serving(self) -> Mapping[str, int]:
        web = [instance.version for instance in self.fleet if instance.service == "web"]
        return {version: web.count(version) for version in sorted(set(web))}

    def run(self, argv: Sequence[str], change: Change) -> Process:
        self.ran.append(tuple(argv))
        if self.tool.exit_code == 0:
            version = self.tool_goes_to if argv == ("deploy",) else change.old
            for service in self.environment.services:
                self._go(service.name, version)
        return self.tool

    def _go(self, service: str, version: str) -> None:
        self.fleet = [replace(each, version=version) if each.service == service else each for each in self.fleet]


def deploy(system: FakeSystem, scenario: Scenario = NATIVE, live: CannedLive | None = None) -> MemoryTimeline:
    with MemoryTimeline() as recorder:
        Deployment(scenario, system, Stage(recorder, time.monotonic_ns()), live or CannedLive()).run()
    return recorder


def ending(recorder: MemoryTimeline) -> tuple[object, object]:
    (ended,) = recorder.of(Kind.ENDED)
    return ended.detail["outcome"], ended.detail["reason"]


@pytest.mark.parametrize("scenario", [NATIVE, BY_COMMAND])
def test_who_is_there_and_who_serves_is_recorded_as_it_changes(scenario: Scenario) -> None:
    recorder = deploy(FakePlatform(), scenario)
    assert ending(recorder) == ("complete", "")
    assert [moment.detail for moment in recorder.of(Kind.WEIGHTS)][-1] == {"2": 2}
    assert set(recorder.of(Kind.FLEET)[-1].detail.values()) == {"2"}
    assert tuple(moment.name for moment in recorder.of(Kind.STEP)) == scenario.strategy.names(replicas=2)


def test_what_a_platform_serves_is_recorded_not_what_it_was_asked_for() -> None:
    """One instance of three gets a third of the traffic, not a quarter."""
    canary = Canary((CanaryStep(25, 0.0), CanaryStep(100, 0.0)), gate=None)
    recorder = deploy(FakePlatform(), replace(NATIVE, strategy=canary))
    weights = [moment.detail for moment in recorder.of(Kind.WEIGHTS)]
    assert {"1": 2, "2": 1} in weights
    assert {"1": 75, "2": 25} not in weights
    assert weights[-1] == {"2": 2}


def test_the_record_does_not_repeat_itself_and_ends_with_what_is_left() -> None:
    recorder = deploy(FakePlatform())
    for kind in (Kind.FLEET, Kind.WEIGHTS):
        details = [moment.detail for moment in recorder.of(kind)]
        assert all(one != other for one, other in pairwise(details))
    assert recorder.moments()[-1].kind is Kind.ENDED


@pytest.mark.parametrize(
    ("system", "reason"),
    [
        (FakePlatform(failing=frozenset({"2"})), "the rollout of worker 2 failed: its deadline passed"),
        (FakePlatform(endless=frozenset({"2"})), "worker 2 was not rolled out within 0.4 s: 1 of 2 are ready"),
        (FakePlatform(refused=frozenset({"2"})), "worker 2 is not allowed"),
    ],
)
def test_a_rollout_that_does_not_succeed_is_undone(system: FakePlatform, reason: str) -> None:
    recorder = deploy(system)
    assert ending(recorder) == ("rolled back", reason)
    assert system.serving() == {"1": 2}
    assert system.migrations[-1] == ("undo",)


@pytest.mark.parametrize("scenario", [NATIVE, BY_COMMAND])
def test_a_gate_that_does_not_hold_brings_the_old_version_back(scenario: Scenario) -> None:
    system = FakePlatform()
    recorder = deploy(system, scenario, CannedLive({"2": Tally(100, 30, 10.0)}))
    assert ending(recorder)[0] == "rolled back"
    assert recorder.of(Kind.WEIGHTS)[-1].detail == {"1": 2}
    assert system.ran == ([("deploy",), ("undeploy",)] if scenario is BY_COMMAND else [])


def test_a_tool_that_goes_back_by_itself_is_seen_and_not_told_to() -> None:
    system = FakePlatform(tool_goes_to="1")
    recorder = deploy(system, BY_COMMAND)
    assert ending(recorder) == ("rolled back", "web ended at 1, not at 2")
    assert system.ran == [("deploy",)]


def test_a_tool_that_goes_back_while_the_new_version_is_watched_is_seen() -> None:
    system = FakePlatform()

    class GoesBack(CannedLive):
        def tally(self, version: str, since_ns: int) -> Tally:
            system.fleet = [replace(instance, version="1") for instance in system.fleet]
            return super().tally(version, since_ns)

    recorder = deploy(system, BY_COMMAND, GoesBack())
    assert ending(recorder) == ("rolled back", "web ended at 1, not at 2")
    assert recorder.of(Kind.WEIGHTS)[-1].detail == {"1": 2}
    assert system.ran == [("deploy",)]


def test_a_tool_that_fails_with_all_as_it_was_need_not_be_undone() -> None:
    system = FakePlatform(tool=FakeProcess(7))
    recorder = deploy(system, BY_COMMAND)
    assert ending(recorder) == ("rolled back", "tool-1 (deploy) ended with code 7, and all is at 1")
    assert system.ran == [("deploy",)]


def test_a_tool_that_fails_halfway_is_undone() -> None:
    @dataclass
    class Halfway(FakePlatform):
        def run(self, argv: Sequence[str], change: Change) -> Process:
            if argv == ("deploy",):
                self.ran.append(tuple(argv))
                self._go("web", change.new)
                return FakeProcess(7)
            return super().run(argv, change)

    system = Halfway()
    recorder = deploy(system, BY_COMMAND)
    assert ending(recorder) == ("rolled back", "tool-1 (deploy) ended with code 7")
    assert system.ran == [("deploy",), ("undeploy",)]
    assert system.serving() == {"1": 2}


def test_a_tool_that_does_not_end_is_stopped() -> None:
    system = FakePlatform(tool=FakeProcess(None))
    recorder = deploy(system, replace(BY_COMMAND, strategy=Command(("deploy",), timeout_s=0.05)))
    assert ending(recorder) == ("rolled back", "tool-1 (deploy) took longer than 0.05 s")
    assert system.tool.signals == [signal.SIGTERM]


@dataclass
class SilentPlatform(FakePlatform):
    """Its API server does not answer the first times it is asked."""

    silences: int = 3

    def rollout(self, service: str) -> Rollout:
        if self.silences:
            self.silences -= 1
            raise HarnessError("its API server does not answer")
        return super().rollout(service)


def test_a_platform_that_does_not_answer_for_a_while_is_asked_again() -> None:
    scenario = replace(NATIVE, strategy=NativeDeployment(timeout_s=30, watch_s=0.02))
    assert ending(deploy(SilentPlatform(), scenario)) == ("complete", "")


def test_one_that_never_answers_is_not_taken_for_done() -> None:
    outcome, reason = ending(deploy(SilentPlatform(silences=1000)))
    assert outcome == "stuck"
    assert "its API server does not answer" in str(reason)


@dataclass
class WatchedPlatform(FakePlatform):
    """An operator aborts as soon as somebody asks how it goes."""

    abort: threading.Event = field(default_factory=threading.Event)

    def rollout(self, service: str) -> Rollout:
        self.abort.set()
        return super().rollout(service)


def test_an_operator_may_abort_a_rollout_that_is_under_way() -> None:
    system = WatchedPlatform(endless=frozenset({"2"}))
    scenario = replace(NATIVE, strategy=NativeDeployment(timeout_s=30))
    with MemoryTimeline() as recorder:
        Deployment(scenario, system, Stage(recorder, time.monotonic_ns(), system.abort), CannedLive()).run()
    assert ending(recorder) == ("rolled back", "an operator aborted the deployment")
    assert system.serving() == {"1": 2}


def test_a_system_without_a_platform_is_the_harness_s_fault() -> None:
    with pytest.raises(HarnessError, match="no platform"):
        deploy(FakeSystem())
