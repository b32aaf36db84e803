"""Events in a table of PostgreSQL: those of the eventsourcing library, or any other by its columns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

import msgspec
import psycopg
from psycopg import sql

from harness.errors import HarnessError
from harness.streams.event import SEQUENCE, BrokenRecord, OnBroken, RecordedEvent, event_of, refuse
from harness.streams.seen import Seen
from harness.streams.sources import version_in

CONNECT_TIMEOUT_S: Final = 10
_FIRST_FETCH: Final = 10
_FETCH_MAX: Final = 2_000
_FETCH_BYTES: Final = 16 << 20
_Row = tuple[Any, ...]


@dataclass(frozen=True)
class Columns:
    """The table's columns. What is the empty text is not there; the defaults are those of the eventsourcing library."""

    stream: str = "originator_id"
    position: str = "originator_version"
    type: str = "topic"
    data: str = "state"
    version: str = ""
    metadata: str = ""
    """An object as JSON."""
    sequence: str = "notification_id"
    """Orders all events of the table."""


@dataclass(frozen=True)
class PostgreSQL:
    """A table of events, read in one read-only transaction by a cursor of the server, in the order of `sequence`.

    `version_field` names the field of the data that says their version, where no column does.
    """

    url: str
    table: str
    columns: Columns = Columns()
    version_field: str = "class_version"

    def events(self, on_broken: OnBroken = refuse) -> Iterator[RecordedEvent]:
        yield from self._read(None, on_broken)

    def unseen(self, seen: Seen, on_broken: OnBroken = refuse) -> Iterator[RecordedEvent]:
        """The missing too, which are of transactions that committed late. All, where no column numbers them."""
        yield from self._read(seen if self.columns.sequence else None, on_broken)

    def _read(self, seen: Seen | None, on_broken: OnBroken) -> Iterator[RecordedEvent]:
        try:
            with closing(self._connect()) as connection:
                yield from self._events(connection, seen, on_broken)
        except psycopg.Error as error:
            raise HarnessError(f"the table {self.table} cannot be read: {error}".rstrip()) from error

    def _connect(self) -> psycopg.Connection[_Row]:
        connection = psycopg.connect(self.url, connect_timeout=CONNECT_TIMEOUT_S)
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        return connection

    def _events(
        self, connection: psycopg.Connection[_Row], seen: Seen | None, on_broken: OnBroken
    ) -> Iterator[RecordedEvent]:
        query = self._query(connection, sql.SQL("") if seen is None else self._unseen(seen))
        with connection.cursor(name="recorder", binary=True) as cursor:
            cursor.execute(query)
            for number, row in enumerate(_rows(cursor), 1):
                try:
                    yield self._event(row)
                except ValueError as error:
                    on_broken(BrokenRecord(f"table {self.table}", number, str(error)))

    def _unseen(self, seen: Seen) -> sql.Composed:
        """It begins with the first that is missing, so that an index is not walked from its beginning."""
        sequence = sql.Identifier(self.columns.sequence)
        missing, highest = sorted(seen.missing), seen.highest
        first = min((*missing, highest + 1))
        unseen = sql.SQL("WHERE {0} >= {1} AND ({0} > {2} OR {0} = ANY({3}::bigint[]))")
        return unseen.format(sequence, first, highest, sql.Literal(missing))

    def _query(self, connection: psycopg.Connection[_Row], unseen: sql.Composable) -> sql.Composed:
        table = sql.Identifier(*self.table.split("."))
        data = sql.Identifier(self.columns.data)
        described = connection.execute(sql.SQL("SELECT {} FROM {} LIMIT 0").format(data, table)).description
        binary = described is not None and described[0].type_code == psycopg.adapters.types["bytea"].oid
        columns = (
            _cast(self.columns.stream, "text"),
            _cast(self.columns.position, "bigint"),
            _cast(self.columns.type, "text"),
            data if binary else sql.SQL("convert_to({}::text, 'UTF8')").format(data),
            _cast(self.columns.version, "integer"),
            _cast(self.columns.metadata, "text"),
            _cast(self.columns.sequence, "bigint"),
        )
        order = (self.columns.sequence,) if self.columns.sequence else (self.columns.stream, self.columns.position)
        return sql.SQL("SELECT {} FROM {} {} ORDER BY {}").format(
            sql.SQL(", ").join(columns), table, unseen, sql.SQL(", ").join(map(sql.Identifier, order))
        )

    def _event(self, row: _Row) -> RecordedEvent:
        stream, position, kind, data, version, metadata, sequence = row
        noted = {} if metadata is None else msgspec.json.decode(metadata, type=dict[str, object])
        return event_of(
            {
                "stream": stream,
                "position": position,
                "type": kind,
                "data": data,
                "version": version if self.columns.version else self._version(data),
                "metadata": noted if sequence is None else {**noted, SEQUENCE: sequence},
            }
        )

    def _version(self, data: object) -> object:
        if not self.version_field or not isinstance(data, bytes):
            return 1
        try:
            return version_in(msgspec.json.decode(data), self.version_field)
        except ValueError:
            return 1  # not JSON: encrypted or compressed, so nobody can see


def _cast(column: str, kind: Literal["text", "bigint", "integer"]) -> sql.Composable:
    return sql.SQL("{}::" + kind).format(sql.Identifier(column)) if column else sql.NULL


def _rows(cursor: psycopg.ServerCursor[_Row]) -> Iterator[_Row]:
    """Few at first, then as many at once as a bounded number of bytes is likely to hold."""
    wanted = _FIRST_FETCH
    while rows := cursor.fetchmany(wanted):
        yield from rows
        largest = max(len(cast(bytes, row[3] or b"")) for row in rows)
        wanted = max(1, min(_FETCH_MAX, _FETCH_BYTES // max(1, largest), 4 * wanted))
