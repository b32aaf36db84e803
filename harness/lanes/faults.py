"""The fault lane: breaks what the scenario says, when it says, proves it, heals it, and proves that too."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field

from harness.errors import HarnessError
from harness.history import Kind
from harness.lanes.stage import Stage, Stopped
from harness.protocols import Proof, System
from harness.scenario import ScheduledFault
from harness.supervisor.undo import UndoLog

HEAL_PATIENCE_S = 30.0


@dataclass(frozen=True)
class _Active:
    """A fault that is in, and how to end it early."""

    release: threading.Event = field(default_factory=threading.Event)
    healed: threading.Event = field(default_factory=threading.Event)


class FaultLane:
    """One thread a scheduled fault, as windows may overlap."""

    def __init__(self, system: System, stage: Stage, deployment_over: Callable[[], bool], undo: UndoLog) -> None:
        self._system = system
        self._stage = stage
        self._deployment_over = deployment_over
        self._undo = undo
        self._lock = threading.Lock()
        self._active: list[_Active] = []

    def schedule(self, faults: tuple[ScheduledFault, ...], executor: Executor) -> list[Future[None]]:
        return [executor.submit(self._run, scheduled) for scheduled in faults]

    def heal_all(self) -> None:
        """End what is still in, the latest first."""
        with self._lock:
            active = list(reversed(self._active))
        for one in active:
            one.release.set()
            if not one.healed.wait(HEAL_PATIENCE_S):
                raise HarnessError(f"a fault did not heal within {HEAL_PATIENCE_S:g} s")

    def _run(self, scheduled: ScheduledFault) -> None:
        try:
            if not self._await_start(scheduled):
                return
        except Stopped:
            return
        active = _Active()
        with self._lock:
            self._active.append(active)
        try:
            self._break_and_heal(scheduled, active)
        finally:
            with self._lock:
                self._active.remove(active)
            active.healed.set()

    def _await_start(self, scheduled: ScheduledFault) -> bool:
        window = scheduled.window
        if window.at_step is None:
            assert window.at_s is not None  # a window has one of the two
            begins_ns: int | None = round(window.at_s * 1e9)
        else:
            begins_ns = self._stage.await_step(window.at_step, self._deployment_over)
        if begins_ns is None:
            return False
        self._stage.sleep_until(begins_ns + round(window.after_s * 1e9))
        return True

    def _break_and_heal(self, scheduled: ScheduledFault, active: _Active) -> None:
        kind = type(scheduled.fault).__name__
        moment = self._stage.record(Kind.FAULT, scheduled.name, {"kind": kind, "target": scheduled.fault.target})
        bit, healed = Proof(False, "it was not injected"), Proof(False, "it was not asked")
        try:
            with self._undo.promise(scheduled.name), scheduled.fault.inject(self._system) as effect:
                bit = effect.bites()
                elapsed_s = (time.monotonic_ns() - moment.at_ns) / 1e9
                active.release.wait(max(0.0, scheduled.window.duration_s - elapsed_s))
            healed = effect.heals()
        except HarnessError as error:
            if bit.seen:
                healed = Proof(False, str(error))
            else:
                bit = Proof(False, str(error))
        self._stage.end(moment, {"bit": bit.seen, "bit_by": bit.by, "healed": healed.seen, "healed_by": healed.by})
