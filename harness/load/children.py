"""Starts processes without a run's supervisor, for a load alone. A worker ends by itself when its pipe closes."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from harness.protocols import Command


class Child:
    """See protocols.Process."""

    def __init__(self, name: str, process: subprocess.Popen[bytes]) -> None:
        self._name = name
        self._process = process

    @property
    def name(self) -> str:
        return self._name

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        return self._process.poll()

    def signal(self, number: int) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.Signals(number))

    def wait(self, timeout_s: float) -> int | None:
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None


class Children:
    """See protocols.Spawner."""

    def spawn(self, command: Command) -> Child:
        log = command.log or Path(os.devnull)
        with log.open("ab") as output:
            process = subprocess.Popen(
                command.argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=command.folder,
                env={**os.environ, **command.variables},
                start_new_session=True,  # Ctrl-C in the terminal is for the harness, which then ends its children
            )
        return Child(command.name, process)
