"""A canary that is held against the old version: what each outcome comes to, and that only one of them goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from random import Random

import pytest

from harness.analysis.traffic import Answers, Traffic
from harness.history import Kind
from harness.lanes import watches
from harness.lanes.deploy import Deployment
from harness.lanes.gates import Tally
from harness.lanes.stage import Stage
from harness.protocols import Analysis
from harness.strategies.canary import Canary, CanaryStep
from harness.verdict import Cell
from tests.unit.analysis.traffic import answers, drawn, traffic
from tests.unit.fakes import CannedLive, FakeSystem, MemoryTimeline
from tests.unit.lanes.test_deploy import SCENARIO, ending

STEPS = (CanaryStep(10, 0.02), CanaryStep(100, 0.02))
COMPARED = Canary(STEPS, gate=None, analysis=Analysis())


@pytest.fixture(autouse=True)
def _in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watches, "POLL_S", 0.001)


def seen(seed: int = 1, **new: float) -> Traffic:
    random = Random(seed)
    return traffic(drawn(random, seconds=20, per_s=90), drawn(random, seconds=20, per_s=10, **new))


HEALTHY, FAILING = seen(), seen(error_rate=0.3)
NOTHING = traffic(Answers.none(), Answers.none())


def deploy(look: Callable[[], Traffic], strategy: Canary = COMPARED, tally: Tally | None = None) -> MemoryTimeline:
    live = CannedLive({} if tally is None else {"2": tally}, look)
    with MemoryTimeline() as recorder:
        Deployment(replace(SCENARIO, strategy=strategy), FakeSystem(), Stage(recorder, time.monotonic_ns()), live).run()
    return recorder


def gates(recorder: MemoryTimeline) -> list[tuple[str, Cell]]:
    return [(gate.name, gate.detail["outcome"]) for gate in recorder.of(Kind.GATE)]


def turns(*looks: Traffic | Exception) -> Callable[[], Traffic]:
    """What each look sees; the last one again and again."""
    waiting: Iterator[Traffic | Exception] = iter(looks)
    last: list[Traffic | Exception] = [looks[-1]]

    def look() -> Traffic:
        found = next(waiting, last[0])
        if isinstance(found, Exception):
            raise found
        return found

    return look


def test_a_healthy_canary_goes_on() -> None:
    recorder = deploy(lambda: HEALTHY)
    assert ending(recorder) == ("complete", "")
    assert gates(recorder) == [("analysis 2", "pass"), ("analysis 2", "pass")]


def test_a_canary_that_fails_more_than_the_old_version_turns_back() -> None:
    recorder = deploy(lambda: FAILING)
    outcome, reason = ending(recorder)
    assert outcome == "rolled back"
    assert str(reason).startswith("2 fails more often than 1: ")
    assert gates(recorder) == [("analysis 2", "fail")]


def test_no_data_turns_back() -> None:
    recorder = deploy(lambda: NOTHING)
    assert ending(recorder)[0] == "rolled back"
    assert gates(recorder) == [("analysis 2", "no data")]


def test_too_little_turns_back() -> None:
    few = traffic(answers([(1, False, 10.0)] * 90), answers([(1, False, 10.0)] * 10))
    assert gates(deploy(lambda: few)) == [("analysis 2", "inconclusive")]


def test_what_comes_late_is_waited_for() -> None:
    assert gates(deploy(turns(NOTHING, NOTHING, HEALTHY)))[0] == ("analysis 2", "pass")


def test_four_errors_of_the_measuring_side_are_overcome() -> None:
    recorder = deploy(turns(*[OSError("no such file")] * 4, HEALTHY))
    assert ending(recorder) == ("complete", "")


def test_five_errors_in_a_row_turn_back_and_say_that_it_is_not_the_systems_doing() -> None:
    recorder = deploy(turns(OSError("no such file")))
    assert ending(recorder) == (
        "rolled back",
        "5 measurements in a row failed, the last by no such file",
    )
    assert gates(recorder) == [("analysis 2", "error")]


def test_the_gate_is_judged_beside_the_analysis() -> None:
    both = replace(COMPARED, gate=SCENARIO.strategy.gate)  # type: ignore[attr-defined]
    assert gates(deploy(lambda: HEALTHY, both))[:2] == [("analysis 2", "pass"), ("gate 2", "pass")]
    assert gates(deploy(lambda: HEALTHY, both, Tally(100, 30, 10.0))) == [("analysis 2", "pass"), ("gate 2", "fail")]
    assert gates(deploy(lambda: FAILING, both)) == [("analysis 2", "fail")]


def test_a_canary_with_a_baseline_is_compared_with_these_instances_alone() -> None:
    asked: list[Collection[str]] = []

    def look(baseline: Collection[str]) -> Traffic:
        asked.append(baseline)
        return HEALTHY

    with MemoryTimeline() as recorder:
        live = CannedLive(traffic=lambda: FAILING, of_baseline=look)
        system, stage = FakeSystem(), Stage(recorder, time.monotonic_ns())
        Deployment(replace(SCENARIO, strategy=replace(COMPARED, baseline=True)), system, stage, live).run()
    assert ending(recorder) == ("complete", "")
    [added] = [moment.detail for moment in recorder.of(Kind.BASELINE)]
    assert set(added.values()) == {"1"}
    assert {tuple(baseline) for baseline in asked} == {tuple(added)}
    assert {instance.version for instance in system.instances()} == {"2"}


def test_of_a_canary_that_is_worse_than_its_baseline_it_is_said_that_it_was_that() -> None:
    with MemoryTimeline() as recorder:
        live = CannedLive(traffic=lambda: HEALTHY, of_baseline=lambda _: FAILING)
        system, stage = FakeSystem(), Stage(recorder, time.monotonic_ns())
        before = system.instances()
        Deployment(replace(SCENARIO, strategy=replace(COMPARED, baseline=True)), system, stage, live).run()
    outcome, reason = ending(recorder)
    assert outcome == "rolled back"
    assert str(reason).startswith("2 fails more often than 1's baseline: ")
    assert [each for each in system.instances() if each.service == "web"] == [
        each for each in before if each.service == "web"
    ]
