"""Waiting for what the operating system gives no event for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

POLL_S = 0.01


def until(condition: Callable[[], bool], timeout_s: float, poll_s: float = POLL_S) -> bool:
    """Ask until it is so; False if it is not within `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    never = threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            return False
        never.wait(poll_s)
    return True
