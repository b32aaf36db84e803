from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.faults.process import Kill, Pause
from harness.history import Kind, Moment
from harness.lanes.faults import FaultLane
from harness.lanes.stage import Stage
from harness.protocols import Fault
from harness.scenario import ScheduledFault, Window
from harness.supervisor.undo import FILE, Promise, UndoLog
from tests.unit.fakes import FakeSystem, MemoryTimeline


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is to be undone is written down where the test runs."""
    monkeypatch.chdir(tmp_path)


HERE = UndoLog(Path())


def run(system: FakeSystem, *faults: ScheduledFault, steps: tuple[str, ...] = ()) -> list[Moment]:
    with MemoryTimeline() as recorder, ThreadPoolExecutor() as executor:
        stage = Stage(recorder, time.monotonic_ns())
        lane = FaultLane(system, stage, deployment_over=lambda: True, undo=HERE)
        for step in steps:
            stage.announce(step)
        for future in lane.schedule(faults, executor):
            future.result()
    return recorder.of(Kind.FAULT)


@pytest.mark.parametrize("fault", [Kill("web"), Pause("web")], ids=["kill", "pause"])
def test_a_fault_bites_and_heals_and_both_are_proven(fault: Fault) -> None:
    system = FakeSystem()
    (moment,) = run(system, ScheduledFault("f", fault, Window(0.05, at_s=0.0)))
    assert moment.detail["bit"]
    assert moment.detail["healed"]
    assert moment.until_ns is not None
    assert moment.until_ns - moment.at_ns >= 50_000_000
    assert not system.dead | system.stopped


@pytest.mark.parametrize("fault", [Kill("web"), Pause("web")], ids=["kill", "pause"])
def test_a_fault_without_effect_is_said_not_to_have_bitten(fault: Fault) -> None:
    (moment,) = run(FakeSystem(deaf=True), ScheduledFault("f", fault, Window(0.01, at_s=0.0)))
    assert moment.detail["bit"] is False


def test_a_fault_with_nothing_to_break_is_said_not_to_have_bitten() -> None:
    (moment,) = run(FakeSystem(), ScheduledFault("f", Kill("cache"), Window(0.01, at_s=0.0)))
    assert moment.detail["bit"] is False
    assert "no instance or service named 'cache'" in str(moment.detail["bit_by"])


def test_a_fault_starts_with_its_step() -> None:
    fault = ScheduledFault("f", Kill("web"), Window(0.01, at_step="canary 5 %"))
    (moment,) = run(FakeSystem(), fault, steps=("canary 5 %",))
    assert moment.detail["bit"]


def test_a_fault_whose_step_never_came_leaves_no_moment() -> None:
    fault = ScheduledFault("f", Kill("web"), Window(0.01, at_step="canary 5 %"))
    assert run(FakeSystem(), fault, steps=("canary 25 %",)) == []


def test_healing_early_goes_backwards_and_ends_every_fault() -> None:
    system = FakeSystem()
    faults = (
        ScheduledFault("first", Pause("worker"), Window(60.0, at_s=0.0)),
        ScheduledFault("second", Pause("web"), Window(60.0, at_s=0.02)),
    )
    with MemoryTimeline() as recorder, ThreadPoolExecutor() as executor:
        lane = FaultLane(system, Stage(recorder, time.monotonic_ns()), deployment_over=lambda: True, undo=HERE)
        lane.schedule(faults, executor)
        while len(system.stopped) < 2:
            time.sleep(0.005)
        lane.heal_all()
    ended = sorted(recorder.of(Kind.FAULT), key=lambda moment: moment.until_ns or 0)
    assert [moment.name for moment in ended] == ["second", "first"]
    assert not system.stopped


def test_what_is_in_is_written_down_before_and_no_more_once_it_has_healed() -> None:
    class Watched(FakeSystem):
        def pause(self, name: str) -> None:
            (promise,) = HERE.open()
            assert isinstance(promise, Promise)
            assert promise.what == "f"
            super().pause(name)

    (moment,) = run(Watched(), ScheduledFault("f", Pause("web"), Window(0.01, at_s=0.0)))
    assert moment.detail["bit"]
    assert HERE.open() == ()


def test_what_cannot_be_written_down_is_not_broken(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    system = FakeSystem()
    (moment,) = run(system, ScheduledFault("f", Pause("web"), Window(0.01, at_s=0.0)))
    assert moment.detail["bit"] is False
    assert "cannot be written down" in str(moment.detail["bit_by"])
