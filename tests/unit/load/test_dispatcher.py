from __future__ import annotations

import time
from collections.abc import Iterator

import gevent
import pytest

from harness.load.arrivals import Arrival
from harness.load.dispatcher import Dispatcher

MS = 1_000_000
FAR_S = 10.0


def arrivals(*due_ms: int) -> Iterator[Arrival]:
    return iter([Arrival(number, due * MS, 0, 0) for number, due in enumerate(due_ms)])


class Crew:
    """Virtual users that note what they took and when.

    Each is busy for `busy_s` with every arrival; with the first, the whole process stands still for `stalls_s`.
    """

    def __init__(self, dispatcher: Dispatcher, users: int, busy_s: float = 0.0, stalls_s: float = 0.0) -> None:
        self.taken: list[tuple[int, int]] = []
        self._dispatcher = dispatcher
        self._busy_s = busy_s
        self._stalls_s = stalls_s
        self._greenlets = [gevent.spawn(self._work) for _ in range(users)]
        gevent.sleep(0)

    def _work(self) -> None:
        while True:
            arrival = self._dispatcher.take()
            self.taken.append((arrival.number, time.monotonic_ns()))
            gevent.sleep(self._busy_s)
            time.sleep(self._stalls_s)
            self._stalls_s = 0.0

    def drain(self) -> list[int]:
        assert self._dispatcher.drained.wait(FAR_S)
        gevent.killall(self._greenlets)
        return [number for number, _ in self.taken]


@pytest.mark.parametrize("highest_rate_per_s", [100, 100_000])
def test_nobody_gets_an_arrival_before_it_is_due(highest_rate_per_s: float) -> None:
    dispatcher = Dispatcher(arrivals(0, 1, 1, 5, 12), highest_rate_per_s, users=2)
    crew = Crew(dispatcher, users=2)
    origin_ns = time.monotonic_ns() + 5 * MS
    dispatcher.begin(origin_ns)
    dispatcher.end(origin_ns + 20 * MS)
    assert crew.drain() == [0, 1, 2, 3, 4]
    assert all(at_ns >= origin_ns + due * MS for (_, at_ns), due in zip(crew.taken, (0, 1, 1, 5, 12), strict=True))


def test_what_finds_nobody_idle_waits_and_is_not_dropped() -> None:
    dispatcher = Dispatcher(arrivals(*range(20)), 1000, users=1)
    crew = Crew(dispatcher, users=1, busy_s=0.003)
    dispatcher.begin(time.monotonic_ns())
    dispatcher.end(time.monotonic_ns() + 20 * MS)
    assert crew.drain() == list(range(20))


def test_what_is_due_after_the_end_does_not_come() -> None:
    dispatcher = Dispatcher(arrivals(0, 1, 2, 3, 60_000), 1000, users=1)
    crew = Crew(dispatcher, users=1)
    origin_ns = time.monotonic_ns()
    dispatcher.begin(origin_ns)
    dispatcher.end(origin_ns + 3 * MS)
    assert crew.drain() == [0, 1, 2]


def test_what_was_due_before_the_end_comes_also_after_a_stall_beyond_it() -> None:
    dispatcher = Dispatcher(arrivals(0, 1, 2, 3), 1000, users=1)
    crew = Crew(dispatcher, users=1, stalls_s=0.005)
    origin_ns = time.monotonic_ns()
    dispatcher.begin(origin_ns)
    dispatcher.end(origin_ns + 3 * MS)
    assert crew.drain() == [0, 1, 2]


def test_a_plan_that_runs_out_is_drained_at_the_end() -> None:
    dispatcher = Dispatcher(arrivals(), 1000, users=1)
    crew = Crew(dispatcher, users=1)
    dispatcher.begin(time.monotonic_ns())
    gevent.sleep(0.005)
    assert not dispatcher.drained.is_set()
    dispatcher.end(time.monotonic_ns())
    assert crew.drain() == []
