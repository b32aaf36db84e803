"""What every server that a driver starts has in common: to be waited for, and to be stopped."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from harness.errors import StartFailed
from harness.protocols import Process

POLL_S = 0.01
KILL_S_MAX = 5.0
TAIL_LINES = 12


def until(condition: Callable[[], bool], timeout_s: float, poll_s: float = POLL_S) -> bool:
    """Ask until it is so; False if it is not within `timeout_s`. For what the operating system gives no event."""
    deadline = time.monotonic() + timeout_s
    never = threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            return False
        never.wait(poll_s)
    return True


def await_up(process: Process, up: Callable[[], bool], timeout_s: float, log: Path) -> None:
    """Wait until `up`. Raises StartFailed, with its last log lines, if it ends before or takes too long."""
    until(lambda: process.exit_code is not None or up(), timeout_s)
    if process.exit_code is not None:
        raise StartFailed(f"{process.name} ended with code {process.exit_code} while it started{tail(log)}")
    if not up():
        raise StartFailed(f"{process.name} was not ready within {timeout_s:g} s{tail(log)}")


def stop(process: Process, grace_s: float, number: int = signal.SIGTERM) -> bool:
    """Ask it to end, wait, then kill it. True if it had to be killed."""
    process.signal(number)
    if process.wait(grace_s) is not None:
        return False
    process.signal(signal.SIGKILL)
    process.wait(KILL_S_MAX)
    return True


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """The last lines of a log, ready to be put behind a message; empty if there are none."""
    if not log.exists():
        return ""
    last = log.read_text(errors="replace").rstrip().splitlines()[-lines:]
    return "".join(f"\n  {line}" for line in last)
