"""All of a recording but its data, as a table of DuckDB, for what can be said by columns."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import duckdb
import numpy as np

from harness.streams import parquet
from harness.streams.batches import batched, insert, objects
from harness.streams.event import BrokenRecord, RecordedEvent
from harness.streams.files import Recording

TABLE: Final = "heads"
COLUMNS: Final = {"stream": "VARCHAR", "position": "BIGINT", "type": "VARCHAR", "version": "INTEGER", "bytes": "BIGINT"}
"""`bytes` are those of the data."""


@contextmanager
def open_heads(recording: Recording) -> Iterator[tuple[duckdb.DuckDBPyConnection, tuple[BrokenRecord, ...]]]:
    """A connection in which `heads` is the recording, and what of it is broken.

    Of Parquet only the columns that a query asks for are read, when it asks. Raises InvalidInput.
    """
    with (
        tempfile.TemporaryDirectory(prefix="rollproof-heads-") as scratch,
        duckdb.connect(config={**parquet.CONFIG, "temp_directory": scratch}) as connection,
    ):
        if isinstance(recording, parquet.Parquet):
            yield connection, recording.create_heads(connection, TABLE)
        else:
            broken: list[BrokenRecord] = []
            columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
            connection.execute(f"CREATE TABLE {TABLE} ({columns})")
            for batch in batched(recording.events(broken.append)):
                _insert(connection, batch)
            yield connection, tuple(broken)


def _insert(connection: duckdb.DuckDBPyConnection, events: list[RecordedEvent]) -> None:
    arriving = {
        "stream": objects([event.stream for event in events]),
        "position": np.array([event.position for event in events], np.int64),
        "type": objects([event.type for event in events]),
        "version": np.array([event.version for event in events], np.int32),
        "bytes": np.array([len(event.data) for event in events], np.int64),
    }
    insert(connection, TABLE, arriving)
