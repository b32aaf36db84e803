"""What a run with one fault is worth, as the fault lane records it and the checker reads it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from harness.checkers.faults import Faults
from harness.history import Kind
from harness.lanes.stage import Stage
from harness.protocols import Fault
from harness.verdict import Status
from harness.windows import ScheduledFault, Window
from tests.histories.build import Story
from tests.unit.fakes import FakeSystem, MemoryTimeline, fault_lane


@dataclass(frozen=True)
class Outcome:
    status: Status
    bit_by: str


def judged(fault: Fault, system: FakeSystem) -> Outcome:
    with MemoryTimeline() as timeline, ThreadPoolExecutor() as executor:
        lane = fault_lane(system, Stage(timeline, time.monotonic_ns()))
        for future in lane.schedule((ScheduledFault("f", fault, Window(0.01, at_s=0.0)),), executor):
            future.result()
        [moment] = timeline.of(Kind.FAULT)
    with Story(faults=("f",)).moment(1, Kind.FAULT, "f", dict(moment.detail)).history() as history:
        return Outcome(Faults().check(history).status, str(moment.detail["bit_by"]))
