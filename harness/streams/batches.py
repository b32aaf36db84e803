"""Events in batches that are bounded both in number and in bytes, whatever single events weigh; into tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import duckdb
import numpy as np

from harness.streams.event import RecordedEvent

EVENTS_MAX: Final = 10_000
BYTES_MAX: Final = 16 << 20


def batched(
    events: Iterable[RecordedEvent], events_max: int = EVENTS_MAX, bytes_max: int = BYTES_MAX
) -> Iterator[list[RecordedEvent]]:
    """All of them, in order, none of the batches empty. An event larger than `bytes_max` ends its batch."""
    batch: list[RecordedEvent] = []
    size = 0
    for event in events:
        batch.append(event)
        size += len(event.data)
        if len(batch) >= events_max or size >= bytes_max:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def insert(connection: duckdb.DuckDBPyConnection, table: str, arriving: Mapping[str, Any]) -> None:
    """Append rows to a table of DuckDB, given by column as numpy arrays; row by row takes a hundred times as long."""
    connection.register("arriving", arriving)
    connection.execute(f"INSERT INTO {table} BY NAME FROM arriving")
    connection.unregister("arriving")


def objects(values: Sequence[str] | Sequence[bytes]) -> Any:
    """Texts or bytes as DuckDB takes them from numpy."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
