"""A recording in the order of its streams, as JSON lines: what is replayed, stream by stream.

It is sorted by DuckDB, on disk where memory does not suffice, and split by stream where several are to replay parts.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zlib import crc32

import duckdb
import msgspec
import numpy as np
from msgspec import Struct

from harness.replay.wire import RESERVED
from harness.streams import jsonlines, parquet
from harness.streams.batches import batched, insert, objects
from harness.streams.event import BrokenRecord, OnBroken, RecordedEvent
from harness.streams.files import Recording

CHUNK_BYTES: Final = 1 << 18
_ROWS_A_FETCH: Final = 500


class _Head(Struct):
    stream: str


_heads: Final = msgspec.json.Decoder(_Head)


@dataclass(frozen=True)
class Unit:
    """What makes one state: the lines of a stream in an ordered file, or all lines of it (then without a name)."""

    name: str
    file: Path
    offset: int
    length: int
    events: int

    def chunks(self) -> Iterator[bytes]:
        """Its lines, whole ones, many at once."""
        with self.file.open("rb") as file:
            file.seek(self.offset)
            left = self.length
            while left:
                chunk = file.read(min(CHUNK_BYTES, left))
                if len(chunk) < left and not chunk.endswith(b"\n"):
                    chunk += file.readline()
                left -= len(chunk)
                yield chunk

    def lines(self) -> Iterator[bytes]:
        """One by one, each with its end."""
        for chunk in self.chunks():
            yield from chunk.splitlines(keepends=True)

    def recorded(self) -> Iterator[RecordedEvent]:
        return (jsonlines.parse(line) for line in self.lines())


@dataclass(frozen=True)
class Ordered:
    """An ordered file."""

    file: Path
    events: int
    streams: int = 1

    def units(self) -> Iterator[Unit]:
        """A unit a stream."""
        name: str | None = None
        offset = length = events = 0
        for stream, size in self._heads():
            if stream != name:
                if name is not None:
                    yield Unit(name, self.file, offset, length, events)
                name, offset, length, events = stream, offset + length, 0, 0
            length += size
            events += 1
        if name is not None:
            yield Unit(name, self.file, offset, length, events)

    def whole(self) -> Iterator[Unit]:
        """All of it as one unit; none if there is nothing."""
        if self.events:
            yield Unit("", self.file, 0, self.file.stat().st_size, self.events)

    def _heads(self) -> Iterator[tuple[str, int]]:
        """Of each line its stream, and its length in bytes."""
        everything = Unit("", self.file, 0, self.file.stat().st_size, self.events)
        for chunk in everything.chunks():
            for head, line in zip(_heads.decode_lines(chunk), chunk.splitlines(keepends=True), strict=True):
                yield head.stream, len(line)


def order(recording: Recording, folder: Path, on_broken: OnBroken, partitions: int = 1) -> tuple[Ordered, ...]:
    """Write the recording into `folder`, by stream and position, in `partitions` files that share no stream.

    Raises InvalidInput if the recording cannot be read.
    """
    with (
        tempfile.TemporaryDirectory(dir=folder, prefix="sorting-") as scratch,
        closing(duckdb.connect(config={**parquet.CONFIG, "temp_directory": scratch})) as connection,
    ):
        connection.execute(
            "CREATE TABLE lines (part INTEGER, stream VARCHAR, position BIGINT, number BIGINT, line BLOB)"
        )
        number = 0
        for batch in batched(_replayable(recording, on_broken)):
            arriving = {
                "part": np.array([crc32(event.stream.encode()) % partitions for event in batch], np.int32),
                "stream": objects([event.stream for event in batch]),
                "position": np.array([event.position for event in batch], np.int64),
                "number": np.arange(number, number + len(batch), dtype=np.int64),
                "line": objects([jsonlines.render(event) for event in batch]),
            }
            insert(connection, "lines", arriving)
            number += len(batch)
        return tuple(_write(connection, part, folder / f"part-{part}.jsonl") for part in range(partitions))


def as_recorded(recording: Recording, folder: Path, on_broken: OnBroken) -> Ordered:
    """The recording as lines in the order that it has: for what is one unit. Raises InvalidInput."""
    file = folder / "recorded.jsonl"
    return Ordered(file, jsonlines.write(file, _replayable(recording, on_broken)))


def _replayable(recording: Recording, on_broken: OnBroken) -> Iterator[RecordedEvent]:
    for number, event in enumerate(recording.events(on_broken), 1):
        if event.type.startswith(RESERVED):
            on_broken(BrokenRecord(str(recording.path), number, f"the type {event.type!r} is reserved for replays"))
        else:
            yield event


def _write(connection: duckdb.DuckDBPyConnection, part: int, file: Path) -> Ordered:
    [(streams,)] = connection.execute(f"SELECT count(DISTINCT stream) FROM lines WHERE part = {part}").fetchall()
    rows = connection.execute(f"SELECT line FROM lines WHERE part = {part} ORDER BY stream, position, number")
    events = 0
    with file.open("wb") as target:
        while fetched := rows.fetchmany(_ROWS_A_FETCH):
            target.writelines(line for (line,) in fetched)
            events += len(fetched)
    return Ordered(file, events, streams)
