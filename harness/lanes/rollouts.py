"""The deployment lane where a platform does the work: asks for it, waits for its end, records what comes of it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from harness.errors import HarnessError
from harness.history import Kind
from harness.lanes.stage import Stage
from harness.protocols import (
    Apply,
    AwaitRollout,
    Platform,
    Process,
    RolledBack,
    RolloutState,
    Run,
    Setback,
    System,
    Undo,
)
from harness.scenario import Change

POLL_S = 0.25
STOP_S_MAX = 5.0
"""From SIGTERM to SIGKILL of a tool that is no longer wanted."""


class Rollouts:
    """`heed_abort` raises Setback if an operator wants the old version back."""

    def __init__(self, system: System, change: Change, stage: Stage, heed_abort: Callable[[], None]) -> None:
        self._system = system
        self._change = change
        self._stage = stage
        self._heed_abort = heed_abort
        self._recorded: dict[Kind, Mapping[str, str] | Mapping[str, int]] = {}

    def perform(self, action: Apply | AwaitRollout | Undo | Run) -> None:
        """Raises Setback if it does not come to a good end, StepFailed if the platform refuses."""
        platform = self._system
        if not isinstance(platform, Platform):
            raise HarnessError("the system has no platform that could do this")  # refused before the run, by its needs
        match action:
            case Apply(service, version, policy):
                platform.apply(service, version, policy)
            case Undo(service):
                platform.undo(service)
            case AwaitRollout():
                self._await(action, platform)
            case Run():
                self._run(action, platform)
        self._record(platform)

    def _await(self, awaited: AwaitRollout, platform: Platform) -> None:
        deadline_ns = self._stage.now_ns() + round(awaited.timeout_s * 1e9)
        while True:
            rollout = platform.rollout(awaited.service)
            self._record(platform)
            if rollout.state is RolloutState.FAILED:
                raise Setback(f"the rollout of {awaited.service} {rollout.version} failed: {rollout.reason}")
            if rollout.state is RolloutState.COMPLETE:
                if rollout.version != awaited.version:
                    raise RolledBack(f"{awaited.service} ended at {rollout.version}, not at {awaited.version}")
                return
            if self._stage.now_ns() > deadline_ns:
                raise Setback(
                    f"{awaited.service} {awaited.version} was not rolled out within {awaited.timeout_s:g} s:"
                    f" {rollout.reason or 'it went on'}"
                )
            self._heed_abort()
            self._stage.sleep(POLL_S)

    def _run(self, run: Run, platform: Platform) -> None:
        deadline_ns = self._stage.now_ns() + round(run.timeout_s * 1e9)
        process = platform.run(run.argv, self._change)
        with _ended(process):
            while process.wait(POLL_S) is None:
                self._record(platform)
                if self._stage.now_ns() > deadline_ns:
                    raise Setback(f"{process.name} ({run.argv[0]}) took longer than {run.timeout_s:g} s")
                self._heed_abort()
                self._stage.sleep(0)
        if process.exit_code != 0:
            raise Setback(f"{process.name} ({run.argv[0]}) ended with code {process.exit_code}")

    def _record(self, platform: Platform) -> None:
        """Who is there and who is served by whom, whenever it is other than before."""
        fleet = {instance.name: instance.version for instance in self._system.instances()}
        for kind, name, detail in ((Kind.FLEET, "fleet", fleet), (Kind.WEIGHTS, "weights", platform.serving())):
            if self._recorded.get(kind) != detail:
                self._recorded[kind] = detail
                self._stage.record(kind, name, dict(detail))


@contextmanager
def _ended(process: Process) -> Iterator[None]:
    """On leaving it no longer runs, whatever happened."""
    try:
        yield
    finally:
        if process.exit_code is None:
            process.signal(signal.SIGTERM)
            if process.wait(STOP_S_MAX) is None:
                process.signal(signal.SIGKILL)
