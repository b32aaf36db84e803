"""The runtime of the driver `local`: each part is a process on loopback, started by the run's supervisor."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.drivers.clocks import Clocks
from harness.drivers.ports import HOST, free_port
from harness.drivers.runtime import Address, Part, Place
from harness.environment import Environment
from harness.protocols import Command, Process, Workspace
from harness.servers import need_command


def is_stopped(stat: str) -> bool:
    """What /proc/<pid>/stat says of a process: whether it was sent a SIGSTOP."""
    return stat.rpartition(")")[2].split()[0] == "T"


@dataclass(frozen=True)
class LocalProcess:
    """See runtime.PartProcess."""

    process: Process

    @property
    def name(self) -> str:
        return self.process.name

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def exit_code(self) -> int | None:
        return self.process.exit_code

    def signal(self, number: int) -> None:
        self.process.signal(number)

    def wait(self, timeout_s: float) -> int | None:
        return self.process.wait(timeout_s)

    def pause(self) -> None:
        self.process.signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.signal(signal.SIGCONT)

    def paused(self) -> bool:
        if self.exit_code is not None:
            return False
        try:
            stat = Path(f"/proc/{self.pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return False
        return is_stopped(stat)


def write_whole(file: Path, text: str) -> None:
    """Renamed into place, so that nobody reads half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.write_text(text)
    os.replace(part, file)


class LocalRuntime:
    """See runtime.Runtime. All sides of a place are the same here."""

    def __init__(self, workspace: Workspace, clocks: Clocks | None = None) -> None:
        self.scratch = workspace.scratch
        self._spawner = workspace.spawner
        self._clocks = clocks

    def places(self, name: str, count: int) -> tuple[Place, ...]:
        addresses = (Address(HOST, free_port()) for _ in range(count))
        return tuple(Place(address, address, address) for address in addresses)

    def values(self, environment: Environment) -> Mapping[str, str]:
        return {"python": sys.executable, "folder": str(environment.folder)}

    def image(self, environment: Environment, service: str, version: str) -> str:
        return ""

    def write(self, file: Path, text: str) -> None:
        write_whole(file, text)

    def spawn(self, part: Part) -> LocalProcess:
        program = need_command(part.server) if part.server else ()
        folder = None if part.folder is None else Path(part.folder)
        clock = self._clocks.variables(part.name) if self._clocks is not None and part.service else {}
        variables = {**part.variables, **clock}
        command = Command(part.name, (*program, *part.argv), variables, folder, part.log, part.user)
        return LocalProcess(self._spawner.spawn(command))
