"""A small process that runs a command when the harness dies, in any way: for what does not die with its processes.

Run as `python -m harness.drivers.watchdog HARNESS_PID COMMAND...`. Its input is a pipe from the harness, which says
DONE when there is nothing left to do.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import harness

DONE = b"done\n"
END_S_MAX = 5.0


@contextmanager
def watching(command: Sequence[str]) -> Iterator[None]:
    """While this lasts, the death of this process has the command run. Leaving it ends the watch."""
    # In a session of its own, out of reach of the terminal's Ctrl-C; importable whatever the folder it runs in.
    process = subprocess.Popen(
        (sys.executable, "-P", "-m", __name__, str(os.getpid()), *command),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(Path(harness.__file__).parents[1])},
    )
    try:
        yield
    finally:
        with suppress(BrokenPipeError, subprocess.TimeoutExpired):
            process.communicate(DONE, END_S_MAX)
        process.kill()
        process.wait()


def main() -> None:
    pid, command = int(sys.argv[1]), sys.argv[2:]
    if _last_words(pid) != DONE:
        os.execvp(command[0], command)


def _last_words(harness_pid: int) -> bytes:
    """What the harness said in the end; nothing if it died."""
    try:
        # A process that the harness forked may hold the pipe open beyond its death; this tells nevertheless.
        death = os.pidfd_open(harness_pid)
    except ProcessLookupError:
        return b""
    poll = select.poll()
    poll.register(death, select.POLLIN)
    poll.register(sys.stdin.fileno(), select.POLLIN)
    ready = {descriptor for descriptor, _ in poll.poll()}
    return os.read(sys.stdin.fileno(), len(DONE)) if sys.stdin.fileno() in ready else b""


if __name__ == "__main__":
    main()
