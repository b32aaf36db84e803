"""gevent's loop in a process that measures: it comes before others, and no error in it is printed and forgotten."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from gevent import get_hub

NICE = -10
AUTOGROUP = Path("/proc/self/autogroup")
"""Linux shares the processors among sessions first, and each worker has one of its own, within which its nice value
says nothing; this file sets the session's. Some kernels are built without it."""
_LOWEST = 1
"""Of real-time priorities."""


def come_first() -> None:
    """Ahead of the system under test, where that is allowed: what waits here for a processor measures nothing.

    It needs little of one, so the system is not kept from its own. In real time, since on a busy machine everything
    else still leaves a process waiting for tens of milliseconds, in which requests come due.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(_LOWEST))
    except PermissionError:
        with suppress(OSError):  # not allowed, or not there
            os.setpriority(os.PRIO_PROCESS, 0, NICE)
            AUTOGROUP.write_text(str(NICE))


def end_with_the_first_error() -> None:
    """Raise an error of any greenlet or callback in the main greenlet, where gevent would print it and go on."""
    hub = get_hub()
    report = hub.handle_error

    def handle_error(
        context: object,
        type: type[BaseException] | None,  # gevent's names
        value: BaseException | str | None,
        tb: TracebackType | None,
    ) -> None:
        report(context, type, value, tb)
        if isinstance(value, BaseException) and not isinstance(value, hub.NOT_ERROR):
            raise_in_main(value)

    hub.handle_error = handle_error  # type: ignore[method-assign]


def raise_in_main(error: BaseException) -> None:
    """End what the main greenlet waits for with this error; from anywhere."""
    hub = get_hub()
    assert hub.parent is not None
    hub.loop.run_callback(hub.parent.throw, error)
