"""After the load: until consumers and the read model have caught up. During it: how far the read model is behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from harness.environment import Environment
from harness.errors import HarnessError
from harness.events.consumer import ConsumerObserver
from harness.events.store import StoreReader
from harness.history import Kind
from harness.recording import Timeline
from harness.verdict import Cell

StoreUrl = Callable[[str], str]
"""From a store's name to its address, e.g. `system.store_url`."""

POLL_S = 0.1
CALM_S = 0.5
"""All caught up and unchanged for this long is quiet."""
STILL_S = 5.0
"""Not caught up and unchanged for this long is as far as it will come."""
SAMPLE_S = 0.25


@dataclass(frozen=True)
class Progress:
    """How far each had come at one time; None for what the environment does not have."""

    events: int
    head: int
    seen: int | None
    projected: int | None

    @property
    def caught_up(self) -> bool:
        return (self.seen is None or self.seen >= self.events) and (
            self.projected is None or self.projected >= self.head
        )


@dataclass(frozen=True)
class Quiet:
    """How a wait ended. `settled`: what was read last is final, caught up or not."""

    reached: bool
    settled: bool
    waited_s: float
    progress: Progress

    def detail(self) -> Mapping[str, Cell]:
        """For the moment of the history."""
        return {
            "reached": self.reached,
            "settled": self.settled,
            "waited_s": round(self.waited_s, 3),
            "events": self.progress.events,
            "seen": self.progress.seen,
            "head": self.progress.head,
            "projected": self.progress.projected,
        }


def await_quiet(
    environment: Environment,
    store_url: StoreUrl,
    observer: ConsumerObserver | None,
    *,
    timeout_s: float,
    stop: threading.Event,
) -> Quiet | None:
    """Wait until all that the store holds was seen and projected, and nothing changes; or for `timeout_s`.

    Ends early if nothing moves for STILL_S although not all has arrived, or when `stop` is set. None for an
    environment without an event store. Raises HarnessError if a store cannot be read.
    """
    if environment.events is None:
        return None
    with ExitStack() as stack:
        readers = {
            name: stack.enter_context(StoreReader(store_url(name)))
            for name in {environment.events.store}
            | ({environment.projection.store} if environment.projection is not None else set())
        }
        return watch(lambda: _progress(environment, readers, observer), timeout_s=timeout_s, stop=stop)


def watch(
    progress: Callable[[], Progress],
    *,
    timeout_s: float,
    stop: threading.Event,
    clock: Callable[[], float] = time.monotonic,
) -> Quiet:
    """Follow `progress` until it is quiet, will not change any more, or time is up. `clock` is in seconds."""
    began_s = changed_s = clock()
    before = progress()
    while True:
        now = progress()
        now_s = clock()
        if now != before:
            before, changed_s = now, now_s
        unchanged_s, waited_s = now_s - changed_s, now_s - began_s
        reached = now.caught_up and unchanged_s >= CALM_S
        settled = reached or unchanged_s >= STILL_S
        if settled or waited_s >= timeout_s or stop.wait(POLL_S):
            return Quiet(reached, settled, waited_s, now)


class LagProbe:
    """Records, from `start` to `stop`, how far the read model is behind the store: a LAG moment every SAMPLE_S.

    A sample that could not be taken is not recorded; the checker notices the hole.
    """

    def __init__(self, environment: Environment, store_url: StoreUrl, timeline: Timeline) -> None:
        """Raises ValueError for an environment that has no events or no projection."""
        if environment.events is None or environment.projection is None:
            raise ValueError(f"the environment {environment.name!r} has no read model to probe")
        self._events = environment.events
        self._projection = environment.projection
        self._store_url = store_url
        self._timeline = timeline
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lag-probe", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        with (
            StoreReader(self._store_url(self._events.store)) as store,
            StoreReader(self._store_url(self._projection.store)) as model,
        ):
            due_s = time.monotonic()
            while not self._stopping.wait(max(0.0, due_s - time.monotonic())):
                self._sample(store, model)
                due_s = max(due_s + SAMPLE_S, time.monotonic())

    def _sample(self, store: StoreReader, model: StoreReader) -> None:
        at_ns = time.monotonic_ns()
        try:
            head = store.number(self._events.head)  # first, so that what is applied meanwhile does not count as late
            reached = model.number(self._projection.head)
        except HarnessError:
            return
        behind = max(0, head - reached)
        self._timeline.add(
            Kind.LAG, "projection", {"events_behind": behind, "reached": reached, "head": head}, at_ns=at_ns
        )


def _progress(
    environment: Environment, readers: Mapping[str, StoreReader], observer: ConsumerObserver | None
) -> Progress:
    events, projection = environment.events, environment.projection
    assert events is not None  # await_quiet has looked
    store = readers[events.store]
    return Progress(
        events=store.count(events),
        head=store.number(events.head),
        seen=None if observer is None else observer.seen(),
        projected=None if projection is None else readers[projection.store].number(projection.head),
    )
