from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import Unreachable
from harness.history import Kind
from harness.lanes.deploy import Deployment
from harness.lanes.gates import Tally
from harness.lanes.stage import Stage, Stopped
from harness.protocols import Gate, Instance
from harness.scenario import Change, Load, Scenario
from harness.strategies.canary import Canary, CanaryStep
from harness.strategies.recreate import Recreate
from tests.unit.fakes import ENVIRONMENT, CannedLive, FakeSystem, MemoryTimeline

CANARY = Canary(weights=(CanaryStep(10, 0.02), CanaryStep(100, 0.02)), gate=Gate(requests_min=5))
SCENARIO = Scenario("s", ENVIRONMENT, Change("1", "2"), CANARY, Load(Path("locustfile.py"), "User", 10.0))


def deploy(system: FakeSystem, live: CannedLive, scenario: Scenario = SCENARIO, objection: str = "") -> MemoryTimeline:
    with MemoryTimeline() as recorder:
        Deployment(scenario, system, Stage(recorder, time.monotonic_ns()), live, lambda: objection).run()
    return recorder


def test_who_is_ready_serves_until_just_before_it_is_asked_to_stop() -> None:
    system, told = FakeSystem(), []

    def leaves(name: str) -> None:
        assert name in [instance.name for instance in system.instances()]
        told.append(f"leaves {name}")

    with MemoryTimeline() as recorder:
        stage = Stage(recorder, time.monotonic_ns())
        deployment = Deployment(
            SCENARIO,
            system,
            stage,
            CannedLive(),
            serves=lambda instances: told.extend(f"serves {instance.name}" for instance in instances),
            leaves=leaves,
        )
        deployment.survey()
        before = [f"serves {instance.name}" for instance in system.instances()]
        assert told == before
        deployment.run()
    assert {line.removeprefix("leaves ") for line in told if line.startswith("leaves")} == {
        line.removeprefix("serves ") for line in before
    }
    assert {f"serves {instance.name}" for instance in system.instances()} == set(told) - set(before) - {
        line for line in told if line.startswith("leaves")
    }


def ending(recorder: MemoryTimeline) -> tuple[object, object]:
    (ended,) = recorder.of(Kind.ENDED)
    return ended.detail["outcome"], ended.detail["reason"]


def versions(system: FakeSystem) -> set[str]:
    return {instance.version for instance in system.fleet}


def test_a_healthy_change_completes_and_every_step_is_on_the_timeline() -> None:
    system = FakeSystem()
    recorder = deploy(system, CannedLive())
    assert ending(recorder) == ("complete", "")
    assert versions(system) == {"2"}
    assert system.migrations == [("widen",), ("narrow",)]
    assert tuple(moment.name for moment in recorder.of(Kind.STEP)) == CANARY.names(replicas=2)
    assert all(moment.until_ns is not None and moment.until_ns >= moment.at_ns for moment in recorder.of(Kind.STEP))
    assert [moment.detail["passed"] for moment in recorder.of(Kind.GATE)] == [True, True]


@pytest.mark.parametrize(
    ("tally", "reason"),
    [
        (Tally(100, 30, 10.0), "2 failed 30.0% of 100 requests; the gate allows 5.0%"),
        (Tally(100, 0, 1500.0), "2 took 1500 ms at the 99th percentile; the gate allows 1000 ms"),
        (Tally(0, 0, None), "2 answered 0 requests; the gate needs 5 to judge"),
    ],
)
def test_a_gate_that_does_not_hold_brings_the_old_version_back(tally: Tally, reason: str) -> None:
    system = FakeSystem()
    recorder = deploy(system, CannedLive({"2": tally}))
    assert ending(recorder) == ("rolled back", reason)
    assert versions(system) == {"1"}
    assert system.weights == {"1": 1}
    assert system.migrations == [("widen",), ("undo",)]
    (setback,) = recorder.of(Kind.SETBACK)
    assert setback.detail["reason"] == reason


def test_a_new_version_that_never_gets_ready_is_brought_back() -> None:
    system = FakeSystem(never_ready=frozenset({"2"}))
    recorder = deploy(system, CannedLive())
    outcome, reason = ending(recorder)
    assert outcome == "rolled back"
    assert "did not get ready within 0.2 s" in str(reason)
    assert versions(system) == {"1"}


def test_an_old_version_that_does_not_come_back_leaves_the_deployment_stuck() -> None:
    system = FakeSystem(never_ready=frozenset({"1"}))
    recorder = deploy(system, CannedLive({"2": Tally(0, 0, None)}), replace(SCENARIO, strategy=Recreate(0.02)))
    outcome, reason = ending(recorder)
    assert outcome == "stuck"
    assert "(1) did not get ready" in str(reason)


def test_a_contraction_that_fails_leaves_the_deployment_stuck() -> None:
    system = FakeSystem(broken_migrations=frozenset({"narrow"}))
    assert ending(deploy(system, CannedLive())) == ("stuck", "narrow failed: no such table")


def test_a_failed_migration_is_a_setback_with_what_it_printed() -> None:
    system = FakeSystem(broken_migrations=frozenset({"widen"}))
    recorder = deploy(system, CannedLive())
    assert ending(recorder) == ("rolled back", "widen failed: no such table")
    failed = [moment for moment in recorder.of(Kind.ACTION) if not moment.detail["ok"]]
    assert [(moment.name, moment.detail["error"]) for moment in failed] == [("expand 2", "widen failed: no such table")]


def test_a_platform_that_does_not_answer_is_a_setback() -> None:
    class Silent(FakeSystem):
        def add(self, service: str, version: str) -> Instance:
            if version == "2":
                raise Unreachable("its API server does not answer")
            return super().add(service, version)

    recorder = deploy(Silent(), CannedLive())
    assert ending(recorder) == ("rolled back", "its API server does not answer")


@pytest.mark.parametrize("step", CANARY.names(replicas=2)[:-1])
def test_an_operator_may_abort_at_any_step(step: str) -> None:
    system = FakeSystem()
    recorder = deploy(system, CannedLive(), replace(SCENARIO, abort=step))
    assert ending(recorder) == ("rolled back", "an operator aborted the deployment")
    assert versions(system) == {"1"}


def test_a_rollback_does_not_start_to_a_version_that_cannot_read_what_was_written() -> None:
    system = FakeSystem()
    scenario = replace(SCENARIO, abort="canary 100 %")
    recorder = deploy(system, CannedLive(), scenario, objection="web 1 does not read Paid of version 2")
    assert ending(recorder) == (
        "stuck",
        "no rollback was started, as web 1 does not read Paid of version 2; "
        "it was wanted, as an operator aborted the deployment",
    )
    assert "rollback" not in [moment.name for moment in recorder.of(Kind.STEP)]
    assert "2" in versions(system), "the version that reads everything stays"


def test_an_objection_does_not_stand_in_the_way_of_a_deployment_that_goes_well() -> None:
    assert ending(deploy(FakeSystem(), CannedLive(), objection="1 does not read Paid")) == ("complete", "")


def test_a_run_that_is_to_end_ends_at_the_next_action() -> None:
    system = FakeSystem()
    with MemoryTimeline() as recorder:
        stage = Stage(recorder, time.monotonic_ns())
        stage.stop.set()
        with pytest.raises(Stopped):
            Deployment(SCENARIO, system, stage, CannedLive()).run()
    assert versions(system) == {"1"}
    assert recorder.of(Kind.ENDED) == []
