"""A small world for the ledger's processes: one PostgreSQL and one NATS, and as many processes as a test starts."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path
from typing import Any, Self

import psycopg

from harness.drivers.accounts import anybody_can_reach, unprivileged_account, within_reach
from harness.servers import NATS, POSTGRES, need

FOLDER = Path(__file__).resolve().parents[3] / "environments" / "ledger"
HOST = "127.0.0.1"
START_S_MAX = 20.0
EVENTUALLY_S_MAX = 15.0
POLL_S = 0.02


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def eventually(question: Callable[[], Any], what: str, within_s: float = EVENTUALLY_S_MAX) -> None:
    """Ask until the answer is true. Fails the test after `within_s`."""
    began = time.monotonic()
    never = threading.Event()
    while not question():
        took = time.monotonic() - began
        assert took < within_s, f"not within {within_s} s: {what}"
        never.wait(POLL_S)


class Postgres:
    """One server; a database a test, copied from one with the oldest schema."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._numbers = count(1)
        account = unprivileged_account()
        bins = need(POSTGRES)
        if account is not None:
            shutil.chown(folder, account)
            if not anybody_can_reach(bins):
                bins = within_reach(bins, folder / "postgres")
        data = folder / "data"
        initdb = [str(bins.parent / "initdb"), "-D", str(data), "-U", "tests", "--no-sync", "--auth=trust"]
        subprocess.run(initdb, check=True, capture_output=True, user=account, cwd=folder)
        settings = {
            "port": self.port,
            "listen_addresses": HOST,
            "unix_socket_directories": "",
            "fsync": "off",
            "max_connections": 200,
            "deadlock_timeout": "200ms",
            "dynamic_shared_memory_type": "mmap",
        }
        with (folder / "postgres.log").open("wb") as log:
            self._process = subprocess.Popen(
                [str(bins), "-D", str(data), *(f"--{name}={value}" for name, value in settings.items())],
                stdout=log,
                stderr=log,
                user=account,
                cwd=folder,
            )
        eventually(self._answers, "PostgreSQL answers", START_S_MAX)
        with self.connect() as connection:
            connection.execute("CREATE DATABASE prepared")
        migrate(self.url("prepared"), "setup")

    def url(self, database: str) -> str:
        return f"postgresql://tests@{HOST}:{self.port}/{database}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        return psycopg.connect(self.url(database), autocommit=True)

    def new_database(self) -> str:
        name = f"test{next(self._numbers)}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE prepared".encode())
        return name

    def stop(self) -> None:
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(10)

    def _answers(self) -> bool:
        assert self._process.poll() is None, "PostgreSQL ended"
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True


class Nats:
    """A server with an empty JetStream."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"nats://{HOST}:{self.port}"
        self._folder = folder
        self.start()

    def start(self) -> None:
        argv = [str(need(NATS)), "-a", HOST, "-p", str(self.port), "-js", "-sd", str(self._folder / "jetstream")]
        with (self._folder / "nats.log").open("ab") as log:
            self._process = subprocess.Popen(argv, stdout=log, stderr=log)
        eventually(self._answers, "NATS answers", START_S_MAX)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait(10)

    def _answers(self) -> bool:
        assert self._process.poll() is None, "NATS ended"
        try:
            socket.create_connection((HOST, self.port), timeout=1).close()
        except OSError:
            return False
        return True


def migrate(database_url: str, phase: str, version: str = "1.0", **variables: str) -> None:
    argv = [sys.executable, str(FOLDER / "migrate.py"), phase, version, "--database", database_url]
    subprocess.run(argv, check=True, capture_output=True, env={"PATH": os.environ["PATH"], **variables}, timeout=30)


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def position(self) -> int:
        return int(self.headers["x-position"])


@dataclass
class Instance:
    """A running process of the ledger."""

    name: str
    version: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path
    _keys: count[int] = field(default_factory=lambda: count(time.monotonic_ns()))

    def request(
        self, method: str, path: str, body: object = None, *, key: int | None = None, timeout_s: float = 6.0
    ) -> Reply:
        """Raises OSError or HTTPException if there is no complete answer."""
        headers = {} if key is None else {"Idempotency-Key": str(key)}
        with closing(HTTPConnection(HOST, self.port, timeout=timeout_s)) as connection:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())

    def open(self, number: int, opening: int = 10_000, key: int | None = None) -> Reply:
        return self.request("PUT", f"/accounts/{number}", {"opening": opening}, key=key or next(self._keys))

    def transfer(self, source: int, target: int, amount: int = 1, key: int | None = None) -> Reply:
        order = {"from": source, "to": target, "amount": amount}
        return self.request("POST", "/transfers", order, key=key or next(self._keys))

    def account(self, number: int) -> Reply:
        return self.request("GET", f"/accounts/{number}")

    @property
    def ready(self) -> bool:
        try:
            return self.request("GET", "/ready", timeout_s=1.0).status == 200
        except (OSError, HTTPException):
            assert self.process.poll() is None, self.log.read_text()
            return False

    def await_ready(self) -> None:
        eventually(lambda: self.ready, f"{self.name} is ready", START_S_MAX)

    def leads(self) -> bool:
        """Whether it publishes the outbox now."""
        return b"ledger_relay_leading 1.0" in self.request("GET", "/metrics").body

    def terminate(self) -> int:
        """Its exit code."""
        self.process.terminate()
        return self.process.wait(10)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait(10)

    def signal(self, number: int) -> None:
        self.process.send_signal(number)


class World:
    """A database, a broker, and the processes started on them."""

    def __init__(self, folder: Path, postgres: Postgres) -> None:
        self.folder = folder
        self.postgres = postgres
        self.nats = Nats(folder)
        self.database = postgres.new_database()
        self.instances: list[Instance] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for instance in self.instances:
            instance.kill()
        self.nats.stop()

    @property
    def database_url(self) -> str:
        return self.postgres.url(self.database)

    def services(self, *versions: str) -> list[Instance]:
        """An instance of each version, e.g. `2.0+no-upcaster`, all ready."""
        return self._start("service", versions)

    def projectors(self, *versions: str) -> list[Instance]:
        return self._start("projector", versions)

    def migrate(self, phase: str, version: str, **variables: str) -> None:
        migrate(self.database_url, phase, version, **variables)

    def query(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        with self.postgres.connect(self.database) as connection:
            return connection.execute(statement.encode(), parameters).fetchall()

    def number(self, statement: str) -> int:
        return int(self.query(statement)[0][0])

    def _start(self, process: str, versions: Sequence[str]) -> list[Instance]:
        started = [self.begin(process, version) for version in versions]
        for instance in started:
            instance.await_ready()
        return started

    def begin(self, process: str, version: str) -> Instance:
        """Start a process and do not wait for it."""
        name = f"{process}-{len(self.instances) + 1}"
        port = free_port()
        variables = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(FOLDER),
            "LEDGER_DATABASE_URL": self.database_url,
            "LEDGER_BROKER_URL": self.nats.url,
            "LEDGER_PORT": str(port),
            "LEDGER_INSTANCE": name,
            "LEDGER_VERSION": version,
            "LEDGER_VARIANT": ",".join(version.split("+")[1:]),
            "LEDGER_DRAIN_S": "0.2",
        }
        log = self.folder / f"{name}.log"
        with log.open("wb") as file:
            process_ = subprocess.Popen(
                [sys.executable, "-m", f"ledger.{process}"], stdout=file, stderr=file, env=variables
            )
        instance = Instance(name, version, port, process_, log)
        self.instances.append(instance)
        return instance
