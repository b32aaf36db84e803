"""A PostgreSQL server of a run's own, on TCP, with fsync on as in production."""

from __future__ import annotations

import hashlib
import signal
from collections.abc import Mapping
from typing import ClassVar

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from harness.drivers.parts import await_up, stop
from harness.drivers.runtime import Address, Part, PartProcess, Runtime
from harness.environment import Store
from harness.protocols import Workspace
from harness.servers import POSTGRES

SUPERUSER = "postgres"
DATABASE = "app"
SETTINGS = {
    "max_connections": "200",
    "dynamic_shared_memory_type": "mmap",  # in the data directory, which is removed with the run, not in /dev/shm
}
START_S_MAX = 30.0
STOP_S_MAX = 5.0
IMMEDIATE = signal.SIGQUIT
"""Stop without the checkpoint, which would serve only data that is about to be removed."""


class PostgresServer:
    """See stores.StoreServer; what is kept is a template database. This one makes its data by itself, as images do."""

    keeps: ClassVar[bool] = True

    def __init__(self, store: Store, workspace: Workspace, runtime: Runtime) -> None:
        self.name = store.name
        [self.place] = runtime.places(store.name, 1)
        self._image = store.image
        self._settings = {
            **SETTINGS,
            "listen_addresses": self.place.bind.host,
            "port": str(self.place.bind.port),
            **store.settings,
        }
        self._workspace = workspace
        self._runtime = runtime
        self._log = workspace.logs / f"{store.name}.log"
        self.process: PartProcess | None = None

    def start(self) -> PartProcess:
        self.process = self._runtime.spawn(self._part(self._settings))
        return self.process

    def await_up(self) -> None:
        assert self.process is not None
        await_up(self.process, self._accepts, START_S_MAX, self._log)

    def url(self, address: Address) -> str:
        return f"postgresql://{SUPERUSER}@{address}/{DATABASE}"

    def keep(self, label: str) -> None:
        self._replace(_kept(label), DATABASE)

    def reset(self, label: str | None = None) -> None:
        self._replace(DATABASE, _kept(label) if label is not None else "template0")

    def stop(self) -> None:
        if self.process is not None:
            stop(self.process, STOP_S_MAX, IMMEDIATE)

    def start_again(self) -> None:
        """On the data that it has. Raises StartFailed."""
        self.process = self._runtime.spawn(self._part(self._settings))
        self.await_up()

    def _part(self, settings: Mapping[str, str]) -> Part:
        return Part(
            self.name,
            tuple(f"--{name}={value}" for name, value in settings.items()),
            self._log,
            server=POSTGRES,
            image=self._image,
            variables={"POSTGRES_USER": SUPERUSER, "POSTGRES_HOST_AUTH_METHOD": "trust"},
            places=(self.place,),
        )

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
        outside = self.place.outside
        return psycopg.connect(
            host=outside.host,
            port=outside.port,
            user=SUPERUSER,
            dbname="postgres",
            sslmode="disable",
            connect_timeout=2,
            autocommit=True,
        )


def _kept(label: str) -> str:
    return "kept_" + hashlib.sha256(label.encode()).hexdigest()[:16]
