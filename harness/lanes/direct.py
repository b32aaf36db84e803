"""The direct lane: each instance that serves is asked past the router, from when it is ready until it is to leave.

What users meet may be the router's doing, or an instance's; here it is the instance's alone. A process asks each of
them, load/prober.py; the checker `disruption` judges what it records.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.drivers.parts import kill, tail
from harness.errors import HarnessError
from harness.history import Kind, Moment
from harness.lanes.stage import Stage
from harness.load.engine import variables_of_workers
from harness.load.keys import load_keys, prober_keys
from harness.load.parquet import to_parquet
from harness.load.prober_order import Order
from harness.protocols import Command, Instance, Process, Workspace
from harness.scenario import Scenario
from harness.waiting import until

TABLE = "direct"
START_S_MAX = 15.0
END_EXTRA_S = 5.0
"""After the time that a request has."""


@dataclass(frozen=True)
class _Probe:
    process: Process
    moment: Moment
    recording: Path
    log: Path


class DirectLane:
    """Does nothing if the scenario has no table [direct]."""

    def __init__(self, scenario: Scenario, stage: Stage, workspace: Workspace, folder: Path) -> None:
        """`folder` takes the recordings."""
        self._scenario = scenario
        self._stage = stage
        self._workspace = workspace
        self._folder = folder
        self._asking: dict[str, _Probe] = {}
        self._ended: list[_Probe] = []
        self._load_keys = load_keys()

    def begin(self, instances: Iterable[Instance]) -> None:
        """They serve from now on, those of the routed service: returns once they are being asked.

        Raises HarnessError if that does not come to be.
        """
        if self._scenario.direct is None:
            return
        routed = self._scenario.environment.routed.name
        serving = [each for each in instances if each.service == routed and each.name not in self._asking]
        for probe in [self._start(each) for each in serving]:
            self._await_first(probe)

    def end(self, name: str) -> None:
        """It is to leave: what is sent to it from now on says nothing."""
        if probe := self._asking.pop(name, None):
            self._stage.end(probe.moment)
            probe.process.signal(signal.SIGTERM)
            self._ended.append(probe)

    def end_all(self) -> None:
        for name in tuple(self._asking):
            self.end(name)

    def save(self, folder: Path, origin_ns: int) -> None:
        """As a table of the history, once all have ended."""
        if self._scenario.direct is None:
            return
        for probe in self._ended:
            probe.process.wait(self._scenario.load.timeout_s + END_EXTRA_S)
        to_parquet([probe.recording for probe in self._ended], folder / f"{TABLE}.parquet", origin_ns)

    def kill(self) -> None:
        """What still runs. What it has recorded stays."""
        for probe in (*self._asking.values(), *self._ended):
            if probe.process.exit_code is None:
                kill(probe.process)

    def _start(self, instance: Instance) -> _Probe:
        assert self._scenario.direct is not None
        name = f"direct-{instance.name}"
        write = self._scenario.direct.write
        order = Order(
            instance.name,
            instance.version,
            instance.url,
            self._scenario.direct.path_in(self._scenario.environment),
            self._scenario.direct.rate_per_s,
            self._scenario.load.timeout_s,
            str(self._folder / f"{name}.requests"),
            write,
            prober_keys(self._load_keys, len(self._asking) + len(self._ended)),
        )
        file, log = self._folder / f"{name}.json", self._workspace.logs / f"{name}.log"
        order.save(file)
        argv = (sys.executable, "-m", "harness.load.prober", str(file))
        process = self._workspace.spawner.spawn(Command(name, argv, variables_of_workers(), log=log))
        detail = {"version": instance.version} | ({"writes": write.operation} if write else {})
        moment = self._stage.record(Kind.DIRECT, instance.name, detail)
        probe = self._asking[instance.name] = _Probe(process, moment, Path(order.recording), log)
        return probe

    def _await_first(self, probe: _Probe) -> None:
        until(lambda: probe.recording.exists() or probe.process.exit_code is not None, START_S_MAX)
        if not probe.recording.exists():
            raise HarnessError(f"{probe.moment.name} could not be asked past the router{tail(probe.log)}")
