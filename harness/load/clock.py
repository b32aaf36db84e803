"""An alarm at an absolute time, on gevent's loop.

libev's own timers are late by up to a millisecond, as epoll counts in milliseconds; a timerfd is an event like any
other, and exact to some ten microseconds. Python has it from 3.13 on; before, it is asked of the C library.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable

from gevent import get_hub

_CLOCK_MONOTONIC = 1
_TFD_NONBLOCK_CLOEXEC = os.O_NONBLOCK | os.O_CLOEXEC
_TFD_TIMER_ABSTIME = 1
_READ = 1  # libev's
_SECOND_NS = 1_000_000_000

_libc = ctypes.CDLL(None, use_errno=True)


class _Setting(ctypes.Structure):
    """struct itimerspec of 64-bit Linux: the interval (none), and the time."""

    _fields_ = (
        ("interval_s", ctypes.c_long),
        ("interval_ns", ctypes.c_long),
        ("value_s", ctypes.c_long),
        ("value_ns", ctypes.c_long),
    )


class Alarm:
    """Calls `ring` in the hub when it is time, and again until it is set anew or cleared: `ring` must do either.

    That saves a read: setting it makes it unreadable again. Raises OSError if the system gives no timer.
    """

    def __init__(self, ring: Callable[[], None]) -> None:
        self._descriptor = _libc.timerfd_create(_CLOCK_MONOTONIC, _TFD_NONBLOCK_CLOEXEC)
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._setting = _Setting()
        self._reference = ctypes.byref(self._setting)
        self._set = _libc.timerfd_settime
        self._set.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
        self._watcher = get_hub().loop.io(self._descriptor, _READ)
        self._watcher.start(ring)

    def set(self, at_ns: int) -> None:
        """Ring at this monotonic time, at once if it has passed, instead of at the time that was set before."""
        self._setting.value_s, self._setting.value_ns = divmod(max(at_ns, 1), _SECOND_NS)  # 0 would clear it
        self._set(self._descriptor, _TFD_TIMER_ABSTIME, self._reference, None)

    def clear(self) -> None:
        """Do not ring."""
        self._setting.value_s = self._setting.value_ns = 0
        self._set(self._descriptor, _TFD_TIMER_ABSTIME, self._reference, None)
