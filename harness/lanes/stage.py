"""What the lanes of a run share: one clock, one timeline, the current step, and the wish to end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from harness.history import Kind, Moment
from harness.recording import Timeline
from harness.verdict import Cell


class Stopped(Exception):
    """The run is to end now: thrown out of whatever a lane waits for."""


class Stage:
    """`origin_ns` is the monotonic clock's value at which the load begins to flow: time zero of the history."""

    def __init__(self, timeline: Timeline, origin_ns: int, abort: threading.Event | None = None) -> None:
        self.stop = threading.Event()
        self.abort = abort or threading.Event()
        """An operator wants the old version back."""
        self._timeline = timeline
        self._origin_ns = origin_ns
        self._changed = threading.Condition()
        self._begun: dict[str, int] = {}
        self._step: Moment | None = None

    @property
    def step(self) -> str:
        """The step that the deployment is in; "" between steps."""
        with self._changed:
            return self._step.name if self._step else ""

    def now_ns(self) -> int:
        return time.monotonic_ns() - self._origin_ns

    def record(self, kind: Kind, name: str, detail: Mapping[str, Cell] | None = None) -> Moment:
        """Something that happens now; `end` tells when it is over, if it lasts."""
        return self._timeline.add(kind, name, detail)

    def end(self, moment: Moment, detail: Mapping[str, Cell] | None = None) -> None:
        """What was recorded as `moment` ends now, and this is what else is known of it."""
        self._timeline.end(moment, detail)

    def lasted(self, since_ns: int, kind: Kind, name: str, detail: Mapping[str, Cell]) -> Moment:
        """Something that began at a time of the history, and is over now."""
        at_ns, until_ns = self._origin_ns + since_ns, time.monotonic_ns()
        return self._timeline.add(kind, name, detail, at_ns=at_ns, until_ns=until_ns)

    def announce(self, step: str) -> None:
        """The deployment is in `step` from now on; the step before it has ended."""
        self.end_step()
        moment = self.record(Kind.STEP, step)
        with self._changed:
            self._step = moment
            self._begun.setdefault(step, moment.at_ns - self._origin_ns)
            self._changed.notify_all()

    def end_step(self) -> None:
        with self._changed:
            moment, self._step = self._step, None
        if moment is not None:
            self.end(moment)

    def sleep_until(self, at_ns: int) -> None:
        """Wait for a time of the history. Raises Stopped if the run is to end before."""
        while (left_ns := at_ns - self.now_ns()) > 0:
            if self.stop.wait(left_ns / 1e9):
                raise Stopped
        if self.stop.is_set():
            raise Stopped

    def sleep(self, duration_s: float) -> None:
        self.sleep_until(self.now_ns() + round(duration_s * 1e9))

    def began(self, step: str) -> int | None:
        """When it began; None if it has not."""
        with self._changed:
            return self._begun.get(step)

    def await_step(self, step: str, over: Callable[[], bool]) -> int | None:
        """When `step` began; None once `over` says that it will not come. Raises Stopped if the run is to end."""
        with self._changed:
            while step not in self._begun:
                if self.stop.is_set():
                    raise Stopped
                if over():
                    return None
                self._changed.wait(timeout=0.1)
            return self._begun[step]
