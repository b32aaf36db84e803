"""Recordings as JSON lines: one event a line, its data as they were.

    {"stream":"account-1","position":1,"type":"opened","version":2,"data":{"amount":5},"metadata":{"sequence":17}}

`version` is 1 and `metadata` empty where they are left out. Data that are not JSON, or JSON that would not come back
byte by byte from within a line, stand in `data_base64` instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from harness.errors import InvalidInput
from harness.streams.event import BrokenRecord, Name, OnBroken, Position, RecordedEvent, SchemaVersion, refuse

SUFFIXES: Final = (".jsonl", ".ndjson")
_CHUNK_BYTES: Final = 1 << 16
"""Small enough that the events of a chunk stay in the processor's cache, large enough for few calls."""


class _Line(Struct, forbid_unknown_fields=True, omit_defaults=True):
    stream: Name
    position: Position
    type: Name
    version: SchemaVersion = 1
    data: Raw | UnsetType = UNSET
    data_base64: bytes | UnsetType = UNSET
    metadata: dict[str, object] = {}


_decoder: Final = msgspec.json.Decoder(_Line)
_encoder: Final = msgspec.json.Encoder()


@dataclass(frozen=True)
class JsonLines:
    """A file of JSON lines."""

    path: Path

    def events(self, on_broken: OnBroken = refuse) -> Iterator[RecordedEvent]:
        """In the order of the file, read as they are asked for. Raises InvalidInput if the file cannot be read."""
        with open_for_reading(self.path) as file:
            line = 1
            while chunk := _whole_lines(file):
                events = _decode(chunk)
                yield from events if events is not None else self._one_by_one(chunk, line, on_broken)
                line += chunk.count(b"\n")

    def _one_by_one(self, chunk: bytes, first: int, on_broken: OnBroken) -> Iterator[RecordedEvent]:
        for line, text in enumerate(chunk.split(b"\n"), first):
            if not text.strip():
                continue
            try:
                yield parse(text)
            except ValueError as error:
                on_broken(BrokenRecord(str(self.path), line, str(error)))


def open_for_reading(path: Path) -> BinaryIO:
    """Raises InvalidInput if that cannot be done."""
    try:
        return path.open("rb")
    except OSError as error:
        raise InvalidInput(f"cannot be read: {error.strerror}", file=path) from error


def _whole_lines(file: BinaryIO) -> bytes:
    return file.read(_CHUNK_BYTES) + file.readline()


def _decode(chunk: bytes) -> list[RecordedEvent] | None:
    """None if a look at each line is needed: one is broken or empty, or two events share one."""
    try:
        chunk.decode()  # msgspec does not look into raw data
        lines = _decoder.decode_lines(chunk)
        begun = chunk.startswith(b"{") + chunk.count(b"\n{")
        if not len(lines) == begun == chunk.count(b"\n"):
            return None
        return [_event(line) for line in lines]
    except ValueError:  # as are the decoding errors of Python and msgspec
        return None


def parse(line: bytes) -> RecordedEvent:
    """Raises ValueError, with the reason for people, for what is not one event."""
    try:
        line.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8 (byte {error.start})") from error
    return _event(_decoder.decode(line))


def _event(line: _Line) -> RecordedEvent:
    if isinstance(line.data, Raw) and line.data_base64 is UNSET:
        data = bytes(line.data)
    elif isinstance(line.data_base64, bytes) and line.data is UNSET:
        data = line.data_base64
    else:
        raise ValueError("needs either `data` or `data_base64`")
    return RecordedEvent(line.stream, line.position, line.type, line.version, data, line.metadata)


def render(event: RecordedEvent) -> bytes:
    """The event's line, with its newline."""
    data = json_or_none(event.data)
    line = _Line(
        stream=event.stream,
        position=event.position,
        type=event.type,
        version=event.version,
        data=UNSET if data is None else data,
        data_base64=event.data if data is None else UNSET,
        metadata=dict(event.metadata),
    )
    return _encoder.encode(line) + b"\n"


def json_or_none(data: bytes) -> Raw | None:
    """The data if they are JSON that comes back byte by byte from within a line."""
    if b"\n" in data or b"\r" in data:
        return None
    try:
        data.decode()
        raw = msgspec.json.decode(data, type=Raw)
    except ValueError:
        return None
    return raw if bytes(raw) == data else None


def write(path: Path, events: Iterable[RecordedEvent]) -> int:
    """Write them in their order; how many there were."""
    count = 0
    with path.open("wb") as file:
        for event in events:
            file.write(render(event))
            count += 1
    return count
