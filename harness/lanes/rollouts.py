"""The deployment lane where a platform does the work: asks for it, waits for its end, records what comes of it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from harness.errors import HarnessError
from harness.lanes.census import Census
from harness.lanes.stage import Stage
from harness.protocols import (
    Apply,
    AwaitRollout,
    Platform,
    Process,
    RolledBack,
    Rollout,
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

    def __init__(
        self, system: System, change: Change, stage: Stage, census: Census, heed_abort: Callable[[], None]
    ) -> None:
        self._system = system
        self._change = change
        self._stage = stage
        self._census = census
        self._heed_abort = heed_abort

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
        self._census.take()

    def _await(self, awaited: AwaitRollout, platform: Platform) -> None:
        deadline_ns = self._stage.now_ns() + round(awaited.timeout_s * 1e9)
        while True:
            rollout = _how_far(platform, awaited.service)
            self._census.glance()
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
                self._census.glance()
                if self._stage.now_ns() > deadline_ns:
                    raise Setback(f"{process.name} ({run.argv[0]}) took longer than {run.timeout_s:g} s")
                self._heed_abort()
                self._stage.sleep(0)
        if process.exit_code != 0:
            reason = f"{process.name} ({run.argv[0]}) ended with code {process.exit_code}"
            if self._is_back(platform):
                raise RolledBack(f"{reason}, and all is at {self._change.old}")
            raise Setback(reason)

    def _is_back(self, platform: Platform) -> bool:
        """A tool that failed may have undone what it did, or not have begun."""
        before = (RolloutState.COMPLETE, self._change.old)
        rollouts = (platform.rollout(service.name) for service in self._system.environment.services)
        return all((rollout.state, rollout.version) == before for rollout in rollouts)


def _how_far(platform: Platform, service: str) -> Rollout:
    """A platform that does not answer now is asked again."""
    try:
        return platform.rollout(service)
    except HarnessError as error:
        return Rollout(RolloutState.PROGRESSING, "", str(error))


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
