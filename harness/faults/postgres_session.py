"""Sessions of faults with a PostgreSQL server. Errors of the server become HarnessErrors, or what was looked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from harness.errors import HarnessError
from harness.faults.looks import Seen

CONNECT_S_MAX = 5
LOCK_S_MAX = 10
LOOK_LOCK_MS = 300
CONNECTIONS_MAX = 10_000
REFUSED = "not currently accepting connections"
EXHAUSTED = ("too many clients", "remaining connection slots")
"""What PostgreSQL says to who connects; its codes for that are not passed on by libpq."""


def database_of(url: str) -> str:
    return urlsplit(url).path.removeprefix("/") or "postgres"


@contextmanager
def session(url: str, *, database: str = "") -> Iterator[psycopg.Connection[TupleRow]]:
    """Each statement is a transaction of its own. Raises HarnessError."""
    place = urlunsplit(urlsplit(url)._replace(path=f"/{database}")) if database else url
    try:
        with psycopg.connect(place, autocommit=True, connect_timeout=CONNECT_S_MAX) as connection:
            yield connection
    except psycopg.Error as error:
        raise HarnessError(f"PostgreSQL: {error}") from error


# ── connections ──────────────────────────────────────────────────────────────────────────────────────────────────────


def allow_connections(url: str, allowed: bool) -> None:
    """To its database; those that are there are cut when none is allowed."""
    name = database_of(url)
    with session(url, database="template1" if name == "postgres" else "postgres") as connection:
        connection.execute(
            sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(
                sql.Identifier(name), sql.SQL("true" if allowed else "false")
            )
        )
        if not allowed:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))


def look_connect(url: str, *told: str) -> Seen:
    """Broken: refused, with one of those words if any are given."""
    try:
        psycopg.connect(url, connect_timeout=CONNECT_S_MAX).close()
    except psycopg.OperationalError as error:
        text = str(error).strip().splitlines()[-1]
        as_told = not told or any(word in text for word in told)
        return Seen(as_told, f"a new connection is refused: {text}")
    return Seen(False, "a new connection is accepted")


@dataclass
class Hoard:
    """Connections that nobody else can have."""

    url: str
    taken: list[psycopg.Connection[TupleRow]] = field(default_factory=list)

    def take(self) -> None:
        """All that are left."""
        while len(self.taken) < CONNECTIONS_MAX:
            try:
                self.taken.append(psycopg.connect(self.url, connect_timeout=CONNECT_S_MAX, autocommit=True))
            except psycopg.OperationalError as error:
                if any(word in str(error) for word in EXHAUSTED):
                    return
                raise HarnessError(f"PostgreSQL: {error}") from error

    def give_back(self) -> None:
        for connection in self.taken:
            connection.close()
        self.taken.clear()


# ── statements ───────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def locked(url: str, table: str) -> Iterator[None]:
    with session(url) as connection:
        connection.execute(f"SET lock_timeout = '{LOCK_S_MAX}s'")
        with connection.transaction():
            connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(_table(table)))
            yield


def look_read(url: str, table: str) -> Seen:
    """Broken: it waits for a lock."""
    with session(url) as connection:
        connection.execute(f"SET lock_timeout = {LOOK_LOCK_MS}")
        try:
            connection.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(_table(table)))
        except psycopg.errors.LockNotAvailable:
            return Seen(True, f"a query of {table} waits for its lock")
    return Seen(False, f"a query of {table} is answered")


def make_read_only(url: str, read_only: bool) -> None:
    with session(url) as connection:
        command = "SET default_transaction_read_only = on" if read_only else "RESET default_transaction_read_only"
        connection.execute(f"ALTER SYSTEM {command}")
        connection.execute("SELECT pg_reload_conf()")


def look_write(url: str) -> Seen:
    """Broken: refused as read-only. What it writes is rolled back."""
    with session(url) as connection:
        try:
            with connection.transaction(force_rollback=True):
                connection.execute("CREATE TABLE rollproof_probe ()")
        except psycopg.errors.ReadOnlySqlTransaction as error:
            return Seen(True, f"a write is refused: {error}")
    return Seen(False, "a write is accepted")


def _table(name: str) -> sql.Identifier:
    """It may have its schema before it."""
    return sql.Identifier(*name.split("."))
