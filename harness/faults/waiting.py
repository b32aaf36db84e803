"""Waiting for something to become visible, where the operating system gives no event for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

POLL_S = 0.02


def eventually(seen: Callable[[], bool], timeout_s: float) -> bool:
    """Whether `seen` became true within `timeout_s`."""
    pause = threading.Event()
    deadline = time.monotonic() + timeout_s
    while not seen():
        if time.monotonic() >= deadline:
            return False
        pause.wait(POLL_S)
    return True
