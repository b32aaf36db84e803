from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import pytest

from harness.checkers.faults import Faults
from harness.faults.process import Kill, Pause
from harness.faults.selection import chosen
from harness.history import Kind, Moment
from harness.lanes.gates import Live, Tally
from harness.lanes.stage import Stage
from harness.protocols import Effect, Fault, Instance, Proof, System
from harness.supervisor.undo import FILE, Promise, UndoLog
from harness.verdict import Status
from harness.waiting import until
from harness.windows import Choose, Condition, Role, ScheduledFault, Selection, Window
from tests.histories.build import Story
from tests.unit.fakes import ALL_WELL, ENVIRONMENT, NOTHING_WRITTEN, CannedLive, FakeSystem, MemoryTimeline, fault_lane


def run(
    system: FakeSystem,
    *faults: ScheduledFault,
    steps: tuple[str, ...] = (),
    live: Live = ALL_WELL,
    undo: UndoLog = NOTHING_WRITTEN,
    kind: Kind = Kind.FAULT,
    over: bool = True,
) -> list[Moment]:
    with MemoryTimeline() as recorder, ThreadPoolExecutor() as executor:
        stage = Stage(recorder, time.monotonic_ns())
        lane = fault_lane(system, stage, live, undo=undo, over=lambda: over)
        for step in steps:
            stage.announce(step)
        for future in lane.schedule(faults, executor):
            future.result()
    return recorder.of(kind)


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
    resumed = []

    class Watched(FakeSystem):
        def resume(self, name: str) -> None:
            resumed.append(name.partition("-")[0])
            super().resume(name)

    system = Watched()
    faults = (
        ScheduledFault("first", Pause("worker"), Window(60.0, at_s=0.0)),
        ScheduledFault("second", Pause("web"), Window(60.0, at_s=0.02)),
    )
    with MemoryTimeline() as recorder, ThreadPoolExecutor() as executor:
        lane = fault_lane(system, Stage(recorder, time.monotonic_ns()))
        lane.schedule(faults, executor)
        assert until(lambda: len(system.stopped) == 2, 5)
        lane.heal_all()
        assert not system.stopped
    assert resumed == ["web", "worker"]
    assert {moment.detail["cut"] for moment in recorder.of(Kind.FAULT)} == {"the run ended before"}


def test_what_is_in_is_written_down_before_and_no_more_once_it_is_out(tmp_path: Path) -> None:
    log = UndoLog(tmp_path)

    class Watched(FakeSystem):
        def pause(self, name: str) -> None:
            (promise,) = log.open()
            assert isinstance(promise, Promise)
            assert promise.what == "f"
            super().pause(name)

    (moment,) = run(Watched(), ScheduledFault("f", Pause("web"), Window(0.01, at_s=0.0)), undo=log)
    assert moment.detail["bit"]
    assert log.open() == ()


def test_what_cannot_be_written_down_is_not_broken(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    fault = ScheduledFault("f", Pause("web"), Window(0.01, at_s=0.0))
    (moment,) = run(FakeSystem(), fault, undo=UndoLog(tmp_path))
    assert moment.detail["bit"] is False
    assert "cannot be written down" in str(moment.detail["bit_by"])


# ── windows ──────────────────────────────────────────────────────────────────────────────────────────────────────────

SLOW = CannedLive({"": Tally(100, 0, 900.0)})
ABOVE_500 = Condition(p99_ms_above=500, over_s=1e-6)


def test_a_fault_starts_when_a_condition_holds() -> None:
    fault = ScheduledFault("f", Pause("web"), Window(0.01, when=ABOVE_500))
    (moment,) = run(FakeSystem(), fault, live=SLOW)
    assert moment.detail["bit"]


@pytest.mark.parametrize(
    ("condition", "live"),
    [
        (ABOVE_500, CannedLive()),
        (ABOVE_500, CannedLive({"": Tally(19, 0, 900.0)})),
        (ABOVE_500, CannedLive({"": Tally(100, 0, None)})),
        (Condition(error_rate_above=0.1, over_s=1e-6), CannedLive({"": Tally(100, 10, 1.0)})),
        (Condition(p99_ms_above=500, version="2", over_s=1e-6), CannedLive({"1": Tally(100, 0, 900.0)})),
        (Condition(p99_ms_above=500, over_s=60), SLOW),
    ],
    ids=["too quick", "too few to judge by", "nothing to judge by", "not above", "another version", "not long enough"],
)
def test_a_condition_that_never_holds_leaves_the_fault_out_and_the_verdict_unknown(
    condition: Condition, live: CannedLive
) -> None:
    fault = ScheduledFault("f", Pause("web"), Window(0.01, when=condition))
    (missed,) = run(FakeSystem(), fault, live=live, kind=Kind.MISSED)
    assert missed.detail["reason"] == f"it never held that {condition}"
    with Story(faults=("f",)).moment(1, Kind.MISSED, "f", dict(missed.detail)).history() as history:
        verdict = Faults().check(history)
    assert verdict.status is Status.UNKNOWN
    assert f"'f' was never injected (it never held that {condition})" in verdict.reason


def test_a_fault_ends_when_a_condition_holds_in_what_came_after_it_began() -> None:
    class Asked(CannedLive):
        since: ClassVar[list[int]] = []

        def done(self, since_ns: int, version: str = "") -> Tally:
            self.since.append(since_ns)
            return Tally(100, 0, 900.0)

    window = Window(at_s=0.05, until_when=Condition(p99_ms_above=500, over_s=0.02))
    (moment,) = run(FakeSystem(), ScheduledFault("f", Pause("web"), window), live=Asked(), over=False)
    assert "cut" not in moment.detail
    assert min(Asked.since) >= 50_000_000


def test_a_fault_ends_with_a_step() -> None:
    with MemoryTimeline() as recorder, ThreadPoolExecutor() as executor:
        stage = Stage(recorder, time.monotonic_ns())
        system = FakeSystem()
        lane = fault_lane(system, stage, over=lambda: False)
        window = Window(at_step="one", until_step="three")
        (future,) = lane.schedule((ScheduledFault("f", Pause("web"), window),), executor)
        stage.announce("one")
        assert until(lambda: bool(system.stopped), 5)
        stage.announce("two")
        assert system.stopped
        stage.announce("three")
        future.result()
    (moment,) = recorder.of(Kind.FAULT)
    assert moment.detail["healed"]
    assert "cut" not in moment.detail


@pytest.mark.parametrize(
    "window", [Window(at_s=0.0, until_step="three"), Window(at_s=0.0, until_when=ABOVE_500)], ids=["step", "condition"]
)
def test_a_fault_whose_end_never_came_did_not_last_as_it_was_to(window: Window) -> None:
    (moment,) = run(FakeSystem(), ScheduledFault("f", Pause("web"), window))
    assert moment.detail["healed"]
    assert window.end in str(moment.detail["cut"])
    with Story(faults=("f",)).moment(1, Kind.FAULT, "f", dict(moment.detail)).history() as history:
        assert Faults().check(history).status is Status.UNKNOWN


def test_a_fault_whose_end_came_before_it_began_is_left_out() -> None:
    fault = ScheduledFault("f", Pause("web"), Window(at_s=0.0, until_step="one"))
    (missed,) = run(FakeSystem(), fault, steps=("one",), kind=Kind.MISSED)
    assert "had begun before" in str(missed.detail["reason"])


def test_a_fault_repeats_with_a_pause_between() -> None:
    fault = ScheduledFault("f", Pause("web"), Window(0.01, at_s=0.0, times=3, pause_s=0.05))
    moments = run(FakeSystem(), fault)
    assert [moment.detail["bit"] for moment in moments] == [True] * 3
    for earlier, later in pairwise(moments):
        assert later.at_ns - (earlier.until_ns or 0) >= 50_000_000


def test_a_repetition_that_did_not_come_leaves_the_verdict_unknown() -> None:
    class Once(CannedLive):
        asked: ClassVar[int] = 0

        def done(self, since_ns: int, version: str = "") -> Tally:
            Once.asked += 1
            return Tally(100, 0, 900.0 if Once.asked == 1 else 1.0)

    fault = ScheduledFault("f", Pause("web"), Window(0.01, when=ABOVE_500, times=2))
    with MemoryTimeline() as recorder, ThreadPoolExecutor() as executor:
        stage = Stage(recorder, time.monotonic_ns())
        (future,) = fault_lane(FakeSystem(), stage, Once(), over=lambda: Once.asked > 1).schedule((fault,), executor)
        future.result()
    story = Story(faults=("f",))
    for moment in (*recorder.of(Kind.FAULT), *recorder.of(Kind.MISSED)):
        story.moment(1, moment.kind, "f", dict(moment.detail))
    with story.history() as history:
        verdict = Faults().check(history)
    assert verdict.status is Status.UNKNOWN
    assert "not a 2. time injected" in verdict.reason


def test_what_another_fault_still_breaks_is_asked_again_when_that_is_out() -> None:
    """The first heals while the second keeps all instances from being ready."""

    class Unwell(FakeSystem):
        def ready(self, name: str) -> bool:
            return not self.stopped and super().ready(name)

    system = Unwell()
    faults = (
        ScheduledFault("first", Blink(), Window(0.01, at_s=0.05)),
        ScheduledFault("second", Pause("web"), Window(0.2, at_s=0.0)),
    )
    moments = {moment.name: moment for moment in run(system, *faults)}
    assert moments["first"].detail["healed"]
    assert moments["second"].detail["healed"]


@dataclass(frozen=True)
class Blink:
    """Does nothing, and is not whole before all instances are ready."""

    target: str = "all"
    needs: ClassVar[frozenset[type]] = frozenset()

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        class Seen(Effect):
            def bites(self) -> Proof:
                return Proof(True, "it blinked")

            def heals(self) -> Proof:
                ready = all(system.ready(instance.name) for instance in system.instances())
                return Proof(ready, "asked once")

        yield Seen()


# ── whom ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("selection", "count"),
    [
        (Selection(), 1),
        (Selection(choose=Choose.ALL), 3),
        (Selection(choose=Choose.MAJORITY), 2),
        (Selection(choose=Choose.MINORITY), 1),
        (Selection(share=0.7), 2),
        (Selection(role=Role.WORKER), 1),
        (Selection(service="web", version="1", choose=Choose.ALL), 2),
    ],
    ids=str,
)
def test_a_selection_strikes_as_many_as_it_says_and_heals_them_all(selection: Selection, count: int) -> None:
    struck: set[str] = set()

    class Watched(FakeSystem):
        def pause(self, name: str) -> None:
            struck.add(name)
            super().pause(name)

    system = Watched()
    (moment,) = run(system, ScheduledFault("f", Pause(""), Window(0.01, at_s=0.0), selection))
    assert moment.detail["bit"], moment.detail
    assert moment.detail["healed"]
    assert len(struck) == count
    assert not system.stopped


@pytest.mark.parametrize(
    "selection", [Selection(version="2"), Selection(service="web", choose=Choose.MINORITY)], ids=str
)
def test_a_selection_of_nobody_is_not_said_to_have_bitten(selection: Selection) -> None:
    (moment,) = run(FakeSystem(), ScheduledFault("f", Pause(""), Window(0.01, at_s=0.0), selection))
    assert moment.detail["bit"] is False
    assert "is nobody" in str(moment.detail["bit_by"])


def test_of_several_all_must_be_seen_to_be_struck() -> None:
    class HardOfHearing(FakeSystem):
        def pause(self, name: str) -> None:
            if not name.startswith("worker"):
                super().pause(name)

    selection = Selection(choose=Choose.ALL)
    (moment,) = run(HardOfHearing(), ScheduledFault("f", Pause(""), Window(0.01, at_s=0.0), selection))
    assert moment.detail["bit"] is False
    assert "worker" in str(moment.detail["bit_by"]).partition(";")[0]


def test_the_seed_chooses_and_other_seeds_choose_others() -> None:
    fleet = [Instance(f"web-{number}", "web", "1", "") for number in range(1, 9)]
    selection = Selection(service="web", choose=Choose.MINORITY)

    def of(seed: int) -> tuple[str, ...]:
        return chosen(selection, ENVIRONMENT, fleet, str(seed))

    assert of(1) == of(1)
    assert len({of(seed) for seed in range(10)}) > 3
