"""Faults inside a PostgreSQL server, which runs on: by its own means, as its superuser, past every link."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from harness.environment import StoreKind
from harness.errors import InvalidInput
from harness.faults.background import repeating
from harness.faults.looks import Looked
from harness.faults.store import StoreFault
from harness.protocols import Account, Effect, System

AGAIN_S = 0.05
"""Connections that somebody gives back are taken so soon."""


@dataclass(frozen=True)
class _PostgresFault(StoreFault):
    needs: ClassVar[frozenset[type]] = frozenset()
    of_kind: ClassVar[StoreKind | None] = StoreKind.POSTGRES


@dataclass(frozen=True)
class PostgresRefuse(_PostgresFault):
    """The store's database accepts no connections, and those that there are are cut."""

    account: ClassVar[Account] = Account(
        "the database cuts all connections and accepts none (ALLOW_CONNECTIONS false)",
        "a new connection is refused, with PostgreSQL's words for that",
        "connections are allowed again; a new one is accepted",
    )

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        from harness.faults import postgres_session as postgres  # noqa: PLC0415

        url = system.store_url(self.store)
        effect = Looked(lambda: postgres.look_connect(url, postgres.REFUSED), postgres.look_connect(url))
        try:
            postgres.allow_connections(url, False)
            yield effect
        finally:
            postgres.allow_connections(url, True)


@dataclass(frozen=True)
class PostgresExhaust(_PostgresFault):
    """All connections of the server are taken, the superuser's too, and those that are given back as well."""

    account: ClassVar[Account] = Account(
        "all connections that the server has left are taken, and those given back meanwhile",
        "a new connection is refused, with PostgreSQL's words for that",
        "those that were taken are closed; a new one is accepted",
    )

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        from harness.faults import postgres_session as postgres  # noqa: PLC0415

        url = system.store_url(self.store)
        effect = Looked(lambda: postgres.look_connect(url, *postgres.EXHAUSTED), postgres.look_connect(url))
        hoard = postgres.Hoard(url)
        try:
            with repeating(hoard.take, AGAIN_S):
                yield effect
        finally:
            hoard.give_back()


@dataclass(frozen=True)
class PostgresLock(_PostgresFault):
    """One session holds an ACCESS EXCLUSIVE lock on `table`, as a migration or VACUUM FULL does."""

    table: str

    account: ClassVar[Account] = Account(
        "one session holds a table in ACCESS EXCLUSIVE mode",
        "a query of the table waits for its lock",
        "the session ends; the same query is answered",
    )

    def __post_init__(self) -> None:
        if not self.table:
            raise InvalidInput("table is empty")

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        from harness.faults import postgres_session as postgres  # noqa: PLC0415

        url = system.store_url(self.store)
        effect = Looked(lambda: postgres.look_read(url, self.table), postgres.look_read(url, self.table))
        with postgres.locked(url, self.table):
            yield effect


@dataclass(frozen=True)
class PostgresReadOnly(_PostgresFault):
    """All transactions that begin meanwhile are read-only, as on a standby or after a failover went wrong."""

    account: ClassVar[Account] = Account(
        "all transactions that begin are read-only (default_transaction_read_only)",
        "a write is refused, by PostgreSQL's code for that",
        "the setting is reset; the same write is accepted, and rolled back",
    )

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        from harness.faults import postgres_session as postgres  # noqa: PLC0415

        url = system.store_url(self.store)
        effect = Looked(lambda: postgres.look_write(url), postgres.look_write(url))
        try:
            postgres.make_read_only(url, True)
            yield effect
        finally:
            postgres.make_read_only(url, False)
