"""The fault lane: breaks what the scenario says, when it says, proves it, heals it, and proves that too."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field

from harness.errors import HarnessError
from harness.faults.selection import Selected
from harness.history import Kind
from harness.lanes.stage import Stage, Stopped
from harness.lanes.windows import Missed, Windows
from harness.protocols import Effect, Fault, Proof, System
from harness.scenario import Slo
from harness.supervisor.undo import UndoLog
from harness.verdict import Cell
from harness.windows import ScheduledFault

HEAL_PATIENCE_S = 30.0


@dataclass(frozen=True)
class _Active:
    """A fault that is in, and how to end it early."""

    release: threading.Event = field(default_factory=threading.Event)
    out: threading.Event = field(default_factory=threading.Event)


class FaultLane:
    """One thread a scheduled fault, as windows may overlap.

    What a fault does is written down in `undo` before. `seed` chooses whom it strikes. Where `slo` is given, a lane
    ends only when that is met again, or can be said not to be.
    """

    def __init__(
        self, system: System, stage: Stage, windows: Windows, undo: UndoLog, *, seed: int = 1, slo: Slo | None = None
    ) -> None:
        self._system = system
        self._stage = stage
        self._windows = windows
        self._undo = undo
        self._seed = seed
        self._slo = slo
        self._changed = threading.Condition()
        self._active: list[_Active] = []
        """Those that are in."""
        self._injected = 0
        """How many were, ever."""

    def schedule(self, faults: tuple[ScheduledFault, ...], executor: Executor) -> list[Future[None]]:
        return [executor.submit(self._run, scheduled) for scheduled in faults]

    def heal_all(self) -> None:
        """End what is still in, the latest first."""
        with self._changed:
            active = list(reversed(self._active))
        for one in active:
            one.release.set()
            if not one.out.wait(HEAL_PATIENCE_S):
                raise HarnessError(f"a fault was not taken out within {HEAL_PATIENCE_S:g} s")

    def _run(self, scheduled: ScheduledFault) -> None:
        """All its windows, one after the other; those that do not open are missed."""
        since_ns = 0
        for number in range(1, scheduled.window.times + 1):
            try:
                if number > 1:
                    self._stage.sleep(scheduled.window.pause_s)
                self._windows.await_begin(scheduled.window, since_ns)
            except Missed as missed:
                return self._miss(scheduled, number, str(missed))
            except Stopped:
                return self._miss(scheduled, number, "the run ended before")
            self._strike(scheduled, number)
            since_ns = self._stage.now_ns()
        if self._slo is not None:
            self._windows.await_recovery(self._slo)
        return None

    def _miss(self, scheduled: ScheduledFault, number: int, reason: str) -> None:
        self._stage.record(Kind.MISSED, scheduled.name, {"window": number, "reason": reason})

    def _strike(self, scheduled: ScheduledFault, number: int) -> None:
        fault = self._aimed(scheduled, number)
        kind = type(scheduled.fault).__name__
        moment = self._stage.record(Kind.FAULT, scheduled.name, {"kind": kind, "target": fault.target})
        began_ns = self._stage.now_ns()
        out_ns: int | None = None
        bit, healed, cut = Proof(False, "it was not injected"), Proof(False, "it was not asked"), ""
        try:
            with (
                self._entered() as active,
                self._undo.promise(scheduled.name),
                fault.inject(self._system) as effect,
            ):
                bit = effect.bites()
                cut = self._windows.await_end(scheduled.window, began_ns, active.release)
            out_ns = self._stage.now_ns()
            healed = self._heals(effect)
        except HarnessError as error:
            if bit.seen:
                healed = Proof(False, str(error))
            else:
                bit = Proof(False, str(error))
        detail: dict[str, Cell] = {"bit": bit.seen, "bit_by": bit.by, "healed": healed.seen, "healed_by": healed.by}
        if out_ns is not None:
            detail["out_ns"] = out_ns
        self._stage.end(moment, detail | ({"cut": cut} if cut else {}))

    def _aimed(self, scheduled: ScheduledFault, number: int) -> Fault | Selected:
        if scheduled.selection is None:
            return scheduled.fault
        return Selected(scheduled.fault, scheduled.selection, f"{self._seed} {scheduled.name} {number}")

    @contextmanager
    def _entered(self) -> Iterator[_Active]:
        active = _Active()
        with self._changed:
            self._active.append(active)
            self._injected += 1
        try:
            yield active
        finally:
            with self._changed:
                self._active.remove(active)
                self._changed.notify_all()
            active.out.set()

    def _heals(self, effect: Effect) -> Proof:
        """What another fault breaks cannot be seen to be whole, so it is asked again when no other is in."""
        while True:
            with self._changed:
                alone, before = not self._active, self._injected
            healed = effect.heals()
            if healed.seen:
                return healed
            with self._changed:
                if alone and self._injected == before:
                    return healed
                self._changed.wait_for(lambda: not self._active)
