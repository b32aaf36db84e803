"""Hands each due arrival to an idle virtual user. What finds none waits, with its intended time; nothing is dropped."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from time import monotonic_ns

from gevent import get_hub
from gevent.event import Event
from greenlet import getcurrent, greenlet

from harness.load.arrivals import Arrival
from harness.load.clock import Alarm

_BUSY_RATE_PER_S = 5_000
_COALESCED_NS = 400_000
"""Above _BUSY_RATE_PER_S, wake up at most this often: a timed wake-up costs ten times what sending a request does."""
_NEVER_NS = 1 << 62


class Dispatcher:
    """Virtual users, `users` of them, `take` arrivals; `begin` lets them come, `end` stops them."""

    def __init__(self, arrivals: Iterator[Arrival], highest_rate_per_s: float, users: int) -> None:
        self._arrivals = arrivals
        self._next = next(arrivals, None)
        self._backlog: deque[Arrival] = deque()
        self._idle: deque[greenlet] = deque()  # the longest idle first, so that all connections are in use
        self._users = users
        self._hub = get_hub()
        self._alarm = Alarm(self._hand_out)
        self._pause_ns = _COALESCED_NS if highest_rate_per_s > _BUSY_RATE_PER_S else 0
        self._end_ns = _NEVER_NS
        self.origin_ns = _NEVER_NS
        self.drained = Event()
        """Set once the end has come, and every virtual user is idle."""

    def begin(self, origin_ns: int) -> None:
        """Arrivals are due at their time after this monotonic time."""
        self.origin_ns = origin_ns
        self._alarm.set(monotonic_ns())

    def end(self, at_ns: int) -> None:
        """Arrivals that are due from this monotonic time on do not come; earlier ones do, however late."""
        self._end_ns = at_ns
        self._alarm.set(monotonic_ns())

    def take(self) -> Arrival:
        """The next arrival that is due, once there is one; called by a virtual user's greenlet."""
        if self._backlog:
            return self._backlog.popleft()
        me = getcurrent()
        self._idle.append(me)
        self._look_whether_drained()
        try:
            arrival: Arrival = greenlet.switch(self._hub)  # see Connection._wait
        finally:
            if me in self._idle:  # ended by locust while it waited
                self._idle.remove(me)
        return arrival

    def _hand_out(self) -> None:
        now = monotonic_ns()
        while (due := self._next_due_ns()) <= now:
            assert self._next is not None
            arrival, self._next = self._next, next(self._arrivals, None)
            if self._idle:
                self._idle.popleft().switch(arrival)
                now = monotonic_ns()
            else:
                self._backlog.append(arrival)
        if now >= self._end_ns:
            self._alarm.clear()
            self._look_whether_drained()
        else:
            self._alarm.set(max(min(due, self._end_ns), now + self._pause_ns))

    def _next_due_ns(self) -> int:
        """_NEVER_NS if there is none before the end."""
        if self._next is None or (due := self.origin_ns + self._next.due_ns) >= self._end_ns:
            return _NEVER_NS
        return due

    def _look_whether_drained(self) -> None:
        if monotonic_ns() < self._end_ns or len(self._idle) < self._users or self._backlog:
            return
        if self._next_due_ns() == _NEVER_NS:  # else some were due while nobody could hand them out
            self.drained.set()
