"""What every process that a driver starts has in common: to be waited for, and to be stopped."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import HarnessError, StartFailed
from harness.protocols import Command, Process, Workspace
from harness.waiting import until

COMMAND_S_MAX = 60.0
KILL_S_MAX = 5.0
TAIL_LINES = 12


def run_to_end(workspace: Workspace, *argv: str, user: str | None = None) -> None:
    """Run a command of the run's own, as the account `user` if it is given.

    Raises HarnessError, with what it wrote last, unless it succeeds. The run's supervisor starts it, as what the
    harness itself starts outlives it, and would go on writing into a scratch folder that is being removed.
    """
    name = Path(argv[0]).name
    log = workspace.scratch / f"{name}.log"
    process = workspace.spawner.spawn(Command(name, argv, log=log, user=user))
    exit_code = process.wait(COMMAND_S_MAX)
    if exit_code is None:
        kill(process)
        raise HarnessError(f"{name} took longer than {COMMAND_S_MAX:g} s: {shlex.join(argv)}")
    if exit_code != 0:
        raise HarnessError(f"{name} ended with code {exit_code}: {shlex.join(argv)}{tail(log)}")


def await_up(process: Process, up: Callable[[], bool], timeout_s: float, log: Path) -> None:
    """Wait until `up`. Raises StartFailed, with its last log lines, if it ends before or takes too long."""
    until(lambda: process.exit_code is not None or up(), timeout_s)
    if process.exit_code is not None:
        raise StartFailed(f"{process.name} ended with code {process.exit_code} while it started{tail(log)}")
    if not up():
        raise StartFailed(f"{process.name} was not ready within {timeout_s:g} s{tail(log)}")


def stop(process: Process, grace_s: float, number: int = signal.SIGTERM) -> None:
    """Ask it to end, wait, then kill it."""
    process.signal(number)
    if process.wait(grace_s) is None:
        kill(process)


def kill(process: Process) -> None:
    """SIGKILL; returns when it is gone. Raises HarnessError if it is not."""
    process.signal(signal.SIGKILL)
    if process.wait(KILL_S_MAX) is None:
        raise HarnessError(f"{process.name} (pid {process.pid}) outlived SIGKILL by {KILL_S_MAX:g} s")


@contextmanager
def stopping(stop: Callable[[], object]) -> Iterator[None]:
    """Call `stop` on leaving. What it raises never hides an earlier error: it becomes a note of that."""
    try:
        yield
    except BaseException as first:
        try:
            stop()
        except HarnessError as second:
            first.add_note(f"And then, while stopping: {second}")
        raise
    stop()


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """The last lines of a log, ready to be put behind a message; empty if there are none."""
    if not log.exists():
        return ""
    last = log.read_text(errors="replace").rstrip().splitlines()[-lines:]
    return "".join(f"\n  {line}" for line in last)
