"""Migrations, run as local processes against the stores themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count

from harness.drivers.commands import migration_command
from harness.drivers.parts import kill, tail
from harness.environment import Environment
from harness.errors import StartFailed, StepFailed
from harness.protocols import Workspace
from harness.versions import resolve

MIGRATION_S_MAX = 30.0


class Migrations:
    """Runs one migration at a time; each has a log of its own."""

    def __init__(self, environment: Environment, workspace: Workspace, urls: Mapping[str, str]) -> None:
        self._environment = environment
        self._workspace = workspace
        self._urls = urls
        self._numbers = count(1)

    def run(self, command: Sequence[str], version: str) -> None:
        """Raises StepFailed, with what it printed, if it fails or takes longer than MIGRATION_S_MAX."""
        name = f"migration-{next(self._numbers)}-{version}"
        log = self._workspace.logs / f"{name}.log"
        resolved = resolve(self._environment, version)
        try:
            process = self._workspace.spawner.spawn(
                migration_command(self._environment, command, resolved, name=name, urls=self._urls, log=log)
            )
        except StartFailed as error:
            raise StepFailed(str(error)) from error
        if process.wait(MIGRATION_S_MAX) is None:
            kill(process)
            raise StepFailed(f"{' '.join(command)} ({version}) took longer than {MIGRATION_S_MAX:g} s{tail(log)}")
        if process.exit_code != 0:
            raise StepFailed(f"{' '.join(command)} ({version}) ended with code {process.exit_code}{tail(log)}")
