"""When a wait for quiet ends, and what it then says."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from itertools import chain, count, repeat

from harness.events.quiet import STILL_S, Progress, Quiet, watch

DONE = Progress(events=10, head=12, seen=10, projected=12)
BEHIND = Progress(events=10, head=12, seen=7, projected=12)


def moving() -> Iterator[Progress]:
    return (Progress(events=n, head=n, seen=0, projected=0) for n in count())


def follow(progress: Iterable[Progress], *, timeout_s: float = 10.0, stop: bool = False) -> Quiet:
    """`watch`, a tenth of a second a look, without waiting for it."""
    looks = iter(progress)
    clock = iter(n / 10 for n in count())
    return watch(lambda: next(looks), timeout_s=timeout_s, stop=_Impatient(stop), clock=lambda: next(clock))


class _Impatient(threading.Event):
    """Waits no time, and says at once whether it was set."""

    def __init__(self, is_set: bool) -> None:
        super().__init__()
        if is_set:
            self.set()

    def wait(self, timeout: float | None = None) -> bool:
        return self.is_set()


def test_all_caught_up_and_calm_is_quiet() -> None:
    quiet = follow(chain([BEHIND] * 5, repeat(DONE)))
    assert quiet.reached
    assert quiet.settled
    assert quiet.waited_s < 2
    assert quiet.detail()["seen"] == 10


def test_caught_up_is_not_quiet_while_events_still_come() -> None:
    quiet = follow((Progress(n, n, n, n) for n in count()), timeout_s=3)
    assert not quiet.reached
    assert not quiet.settled


def test_behind_and_still_is_settled_but_not_reached() -> None:
    quiet = follow(repeat(BEHIND))
    assert not quiet.reached
    assert quiet.settled
    assert STILL_S <= quiet.waited_s < STILL_S + 1


def test_behind_and_moving_is_neither() -> None:
    quiet = follow(moving(), timeout_s=3)
    assert not quiet.reached
    assert not quiet.settled
    assert quiet.waited_s >= 3


def test_it_ends_at_once_when_the_run_is_stopped() -> None:
    quiet = follow(moving(), stop=True)
    assert quiet.waited_s < 1


def test_what_the_environment_does_not_have_is_not_waited_for() -> None:
    assert Progress(events=5, head=5, seen=None, projected=None).caught_up
    assert not Progress(events=5, head=5, seen=None, projected=4).caught_up
    assert not Progress(events=5, head=5, seen=4, projected=5).caught_up
