"""Migrations, run like an instance but against the stores themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count

from harness.drivers.commands import migration_part
from harness.drivers.parts import kill, tail
from harness.drivers.runtime import Runtime
from harness.environment import Environment
from harness.errors import StartFailed, StepFailed
from harness.protocols import Workspace
from harness.versions import resolve

MIGRATION_S_MAX = 30.0


class Migrations:
    """Runs one migration at a time; each has a log of its own."""

    def __init__(
        self, environment: Environment, workspace: Workspace, runtime: Runtime, urls: Mapping[str, str]
    ) -> None:
        self._environment = environment
        self._workspace = workspace
        self._runtime = runtime
        self._urls = urls
        self._numbers = count(1)

    def bring_to(self, version: str) -> None:
        """From nothing: the oldest version's schema, then what each later one up to `version` adds."""
        history = [known.name for known in self._environment.versions]
        base = version.partition("+")[0]
        if self._environment.setup:
            self.run(self._environment.setup, history[0])
        for name in (*history[: history.index(base)], version):
            if command := resolve(self._environment, name).expand:
                self.run(command, name)

    def run(self, command: Sequence[str], version: str) -> None:
        """Raises StepFailed, with what it printed, if it fails or takes longer than MIGRATION_S_MAX."""
        name = f"migration-{next(self._numbers)}-{version}"
        log = self._workspace.logs / f"{name}.log"
        resolved = resolve(self._environment, version)
        part = migration_part(self._environment, command, resolved, self._runtime, name=name, urls=self._urls, log=log)
        try:
            process = self._runtime.spawn(part)
        except StartFailed as error:
            raise StepFailed(str(error)) from error
        if process.wait(MIGRATION_S_MAX) is None:
            kill(process)
            raise StepFailed(f"{' '.join(command)} ({version}) took longer than {MIGRATION_S_MAX:g} s{tail(log)}")
        if process.exit_code != 0:
            raise StepFailed(f"{' '.join(command)} ({version}) ended with code {process.exit_code}{tail(log)}")
