"""Reading a PostgreSQL store, by the queries of an environment: its events, and its read model."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self, cast

import psycopg

from harness.environment import Events, Projection
from harness.errors import HarnessError
from harness.history import PROJECTION, STORE, Row

CONNECT_TIMEOUT_S = 5
STATEMENT_TIMEOUT_MS = 30_000


class StoreReader:
    """One connection to a store, made when it is first needed and again when it was lost. Not safe for threads.

    Everything raises HarnessError if the store cannot be reached or refuses the query.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection[Row] | None = None

    def events(self, events: Events) -> list[Row]:
        """Rows for the history's table `store`, in the order of the store."""
        return self._all(f"SELECT {', '.join(STORE)} FROM ({_bare(events.query)}) AS events ORDER BY sequence")

    def projection(self, projection: Projection) -> list[Row]:
        """Rows for the history's table `projection`."""
        return self._all(f"SELECT {', '.join(PROJECTION)} FROM ({_bare(projection.query)}) AS projection")

    def rebuilt(self, projection: Projection) -> list[Row]:
        """At one time: each stream with its value and position in the read model that is built aside, and its value and
        position in the one that serves; null where it is not there.
        """
        return self._all(
            "SELECT stream, rebuilt.value, rebuilt.position, live.value, live.position "
            f"FROM ({_bare(projection.rebuilt_query)}) AS rebuilt "
            f"FULL JOIN ({_bare(projection.query)}) AS live USING (stream)"
        )

    def count(self, events: Events) -> int:
        """How many events there are."""
        return self.number(f"SELECT count(*) FROM ({_bare(events.query)}) AS events")

    def number(self, sql: str) -> int:
        """The one number that `sql` gives; 0 if it gives null or nothing."""
        rows = self._all(_bare(sql))
        return int(rows[0][0] or 0) if rows else 0

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _all(self, sql: str) -> list[Row]:
        try:
            if self._connection is None:
                self._connection = psycopg.connect(
                    self._url,
                    autocommit=True,
                    connect_timeout=CONNECT_TIMEOUT_S,
                    options=f"-c statement_timeout={STATEMENT_TIMEOUT_MS}",
                )
            return self._connection.execute(cast(Any, sql)).fetchall()
        except psycopg.Error as error:
            self.close()
            raise HarnessError(f"the store cannot be read: {error}".rstrip()) from error


def _bare(sql: str) -> str:
    return sql.strip().rstrip(";")
