"""What the lanes of a run share: one clock, one timeline, the current step, and the wish to end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from harness.history import Kind, Moment
from harness.verdict import Cell


class Stopped(Exception):
    """The run is to end now: thrown out of whatever a lane waits for."""


class Recorder(Protocol):
    """Where moments go; safe to call from several threads."""

    def add(self, moment: Moment) -> None: ...


class Stage:
    """`origin_ns` is the monotonic clock's value at which the load begins to flow: time zero of the history."""

    def __init__(self, recorder: Recorder, origin_ns: int) -> None:
        self.stop = threading.Event()
        self.abort = threading.Event()
        """An operator wants the old version back."""
        self._recorder = recorder
        self._origin_ns = origin_ns
        self._changed = threading.Condition()
        self._begun: dict[str, int] = {}
        self._step: tuple[str, int] | None = None

    def now_ns(self) -> int:
        return time.monotonic_ns() - self._origin_ns

    def record(
        self,
        kind: Kind,
        name: str,
        detail: Mapping[str, Cell] | None = None,
        *,
        at_ns: int | None = None,
        until_ns: int | None = None,
    ) -> None:
        """Add a moment; `at_ns` defaults to now."""
        self._recorder.add(Moment(self.now_ns() if at_ns is None else at_ns, kind, name, until_ns, detail or {}))

    def announce(self, step: str) -> None:
        """The deployment is in `step` from now on; the step before it has ended."""
        self.end_step()
        with self._changed:
            self._step = (step, self.now_ns())
            self._begun.setdefault(step, self._step[1])
            self._changed.notify_all()

    def end_step(self) -> None:
        with self._changed:
            step, self._step = self._step, None
        if step is not None:
            self.record(Kind.STEP, step[0], at_ns=step[1], until_ns=self.now_ns())

    def sleep_until(self, at_ns: int) -> None:
        """Wait for a time of the history. Raises Stopped if the run is to end before."""
        while (left_ns := at_ns - self.now_ns()) > 0:
            if self.stop.wait(left_ns / 1e9):
                raise Stopped
        if self.stop.is_set():
            raise Stopped

    def sleep(self, duration_s: float) -> None:
        self.sleep_until(self.now_ns() + round(duration_s * 1e9))

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
