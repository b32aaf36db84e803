"""A recorded event, and what is said of a record that cannot be one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import msgspec
from msgspec import Meta

from harness.errors import InvalidInput

Name: TypeAlias = Annotated[str, Meta(min_length=1)]
Position: TypeAlias = Annotated[int, Meta(ge=0, le=2**63 - 1)]
SchemaVersion: TypeAlias = Annotated[int, Meta(ge=1, le=2**31 - 1)]

SEQUENCE: Final = "sequence"
"""In the metadata: the event's number in the order of the whole store or broker, where there is one."""


class RecordedEvent(msgspec.Struct, frozen=True):
    """An event as it was stored. `data` are the very bytes; nearly always JSON, but that is up to who wrote it.

    `position` orders the events of a stream. `version` is of the event's schema, 1 where the writer gives none.
    A Struct, because hundreds of thousands a second are made of lines.
    """

    stream: Name
    position: Position
    type: Name
    version: SchemaVersion
    data: bytes
    metadata: Mapping[str, object] = {}


def event_of(values: Mapping[str, object]) -> RecordedEvent:
    """The event with these values. Raises ValueError, with the reason for people, if they make none."""
    return msgspec.convert(values, RecordedEvent)


@dataclass(frozen=True)
class BrokenRecord:
    """A record that is no event, and why: a line or row of a file, or a message of a broker.

    `origin` is the file or what else was read; `number` counts from 1, or is what the broker calls the message by.
    """

    origin: str
    number: int
    reason: str

    def __str__(self) -> str:
        return f"{self.origin}:{self.number}: {self.reason}"


OnBroken: TypeAlias = Callable[[BrokenRecord], None]
"""Told of each broken record; reading goes on after it unless this raises."""


def refuse(broken: BrokenRecord) -> None:
    """An `OnBroken` for whom nothing may be missing. Raises InvalidInput."""
    raise InvalidInput(broken.reason, file=Path(broken.origin), line=broken.number)
