"""Recordings as Parquet: the columns of COLUMNS, in any order; `version` and `metadata` may be left out."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import msgspec
import numpy as np

from harness.errors import InvalidInput
from harness.streams.batches import batched, insert, objects
from harness.streams.event import BrokenRecord, OnBroken, RecordedEvent, event_of, refuse

SUFFIXES: Final = (".parquet",)
COLUMNS: Final = {
    "stream": "VARCHAR",
    "position": "BIGINT",
    "type": "VARCHAR",
    "version": "INTEGER",
    "data": "BLOB",
    "metadata": "VARCHAR",
}
"""`metadata` hold a JSON object."""

_DEFAULTS: Final = {"version": "1", "metadata": "'{}'"}
CONFIG: Final[Mapping[str, str | bool | int | float | list[str]]] = {"memory_limit": "1GiB"}
_SOUND: Final = "stream <> '' AND position >= 0 AND type <> '' AND version >= 1"
_ROWS_A_GROUP_MAX: Final = 122_880
_BYTES_A_GROUP: Final = 64 << 20
"""A group of rows is in memory as a whole when it is written or read."""
_ROWS_A_FETCH: Final = 1_000


@dataclass(frozen=True)
class Parquet:
    """A Parquet file."""

    path: Path

    def events(self, on_broken: OnBroken = refuse) -> Iterator[RecordedEvent]:
        """In the order of the file, read as they are asked for. Raises InvalidInput if the file cannot be read."""
        with closing(duckdb.connect(config=dict(CONFIG))) as connection:
            try:
                yield from self._rows(connection.execute(f"FROM {self._source(connection)}"), on_broken)
            except duckdb.Error as error:
                raise InvalidInput(f"cannot be read as Parquet: {error}", file=self.path) from error

    def create_heads(self, connection: duckdb.DuckDBPyConnection, view: str) -> tuple[BrokenRecord, ...]:
        """A view of all but the data, without the rows that are broken, which are returned.

        What only a look into the metadata shows is not found. Raises InvalidInput.
        """
        source = self._source(connection)
        broken = f"NOT coalesce({self._sound(connection)}, false)"
        [(count,)] = connection.execute(f"SELECT count(*) FROM {source} WHERE {broken}").fetchall()
        connection.execute(
            f"CREATE TEMP VIEW {view} AS SELECT stream, position, type, version, octet_length(data) AS bytes "
            f"FROM {source} {f'WHERE NOT ({broken})' if count else ''}"
        )
        if not count:
            return ()
        numbered = f"(SELECT *, row_number() OVER () AS number FROM {source})"
        rows = connection.execute(f"SELECT number FROM {numbered} WHERE {broken}").fetchall()
        return tuple(BrokenRecord(str(self.path), number, "a value is missing or wrong") for (number,) in rows)

    def _sound(self, connection: duckdb.DuckDBPyConnection) -> str:
        """What a row has to be. Whether data are missing is asked of the file's own statistics, where it has them."""
        large = [
            name
            for name, nulls in connection.execute(
                "SELECT path_in_schema, sum(stats_null_count) FROM parquet_metadata(?) GROUP BY ALL", [str(self.path)]
            ).fetchall()
            if name in ("data", "metadata") and nulls != 0
        ]
        return " AND ".join((_SOUND, *(f"{name} IS NOT NULL" for name in large)))

    def _source(self, connection: duckdb.DuckDBPyConnection) -> str:
        """The file as a subquery with our columns; a value of a wrong type is null. Raises InvalidInput."""
        file = "read_parquet('" + str(self.path).replace("'", "''") + "')"
        try:
            there = dict(row[:2] for row in connection.execute(f"DESCRIBE FROM {file}").fetchall())
        except duckdb.Error as error:
            raise InvalidInput(f"cannot be read as Parquet: {error}", file=self.path) from error
        if missing := [name for name in COLUMNS if name not in there and name not in _DEFAULTS]:
            raise InvalidInput(f"has no column {', '.join(missing)}", file=self.path)
        return f"(SELECT {', '.join(_column(name, there.get(name)) for name in COLUMNS)} FROM {file})"

    def _rows(self, rows: duckdb.DuckDBPyConnection, on_broken: OnBroken) -> Iterator[RecordedEvent]:
        number = 0
        while fetched := rows.fetchmany(_ROWS_A_FETCH):
            for row in fetched:
                number += 1
                try:
                    yield _event(row)
                except ValueError as error:
                    on_broken(BrokenRecord(str(self.path), number, str(error)))


def _event(row: Sequence[Any]) -> RecordedEvent:
    stream, position, kind, version, data, metadata = row
    return event_of(
        {
            "stream": stream,
            "position": position,
            "type": kind,
            "version": version,
            "data": data,
            "metadata": None if metadata is None else msgspec.json.decode(metadata),
        }
    )


def _column(name: str, kind: str | None) -> str:
    if kind is None:
        return f"{_DEFAULTS[name]} AS {name}"
    if name == "data":
        return "encode(data) AS data" if kind == "VARCHAR" else "TRY_CAST(data AS BLOB) AS data"
    return f"TRY_CAST({name} AS {COLUMNS[name]}) AS {name}"


def write(path: Path, events: Iterable[RecordedEvent]) -> int:
    """Write them in their order; how many there were. What memory does not hold meanwhile is put beside `path`."""
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    count = size = 0
    with (
        tempfile.TemporaryDirectory(dir=path.parent, prefix=".parquet-") as folder,
        closing(duckdb.connect(config={**CONFIG, "temp_directory": folder})) as connection,
    ):
        connection.execute(f"CREATE TABLE gathered ({columns})")
        for batch in batched(events):
            _insert(connection, batch)
            count += len(batch)
            size += sum(len(event.data) for event in batch)
        rows = max(1, min(_ROWS_A_GROUP_MAX, _BYTES_A_GROUP * count // max(1, size)))
        format_ = f"FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2, ROW_GROUP_SIZE {rows}"
        connection.execute(f"COPY gathered TO ? ({format_})", [str(path)])
    return count


def _insert(connection: duckdb.DuckDBPyConnection, events: Sequence[RecordedEvent]) -> None:
    arriving = {
        "stream": objects([event.stream for event in events]),
        "position": np.array([event.position for event in events], np.int64),
        "type": objects([event.type for event in events]),
        "version": np.array([event.version for event in events], np.int32),
        "data": objects([event.data for event in events]),
        "metadata": objects([msgspec.json.encode(event.metadata).decode() for event in events]),
    }
    insert(connection, "gathered", arriving)
