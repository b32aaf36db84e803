"""Stored events to try upcasters on: recorded ones, or made from schemas."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import msgspec

from harness.errors import InvalidInput
from harness.schemas.decision import Json
from harness.upcasters.registry import Data

KEPT_MAX = 500
"""Recorded events of one type and version that are tried; of more a sample, the same each time."""


@dataclass(frozen=True)
class StoredEvent:
    """`position` says where it is from: file and line, or that it was made."""

    event_type: str
    version: int
    data: Data
    position: str


@dataclass(frozen=True)
class BrokenLine:
    position: str
    reason: str


class EventSource(Protocol):
    def events(self, event_type: str, version: int) -> tuple[StoredEvent, ...]:
        """What there is of one type and version; may be none."""
        ...

    def versions(self) -> frozenset[tuple[str, int]]:
        """The types and versions of which it knows that they were stored."""
        ...


@dataclass(frozen=True)
class Recorded:
    """Events from a file of JSON lines. `counts` are all that were read, kept or not."""

    kept: dict[tuple[str, int], list[StoredEvent]] = field(default_factory=dict)
    counts: dict[tuple[str, int], int] = field(default_factory=dict)
    broken: tuple[BrokenLine, ...] = ()

    def events(self, event_type: str, version: int) -> tuple[StoredEvent, ...]:
        return tuple(self.kept.get((event_type, version), ()))

    def versions(self) -> frozenset[tuple[str, int]]:
        return frozenset(self.counts)


def read_events(file: Path) -> Recorded:
    """One object a line: `type` and `data`, `version` if it is not 1; other keys (`stream`, `position`, …) are let be.

    Memory is bounded by KEPT_MAX. A line that is broken is told of, and the rest is read. Raises InvalidInput if the
    file cannot be read.
    """
    sampling = _Sampling()
    broken = []
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                position = f"{file.name}:{number}"
                try:
                    sampling.add(_event(msgspec.json.decode(line), position))
                except (ValueError, RecursionError) as error:
                    broken.append(BrokenLine(position, str(error)))
    except OSError as error:
        raise InvalidInput(f"cannot be read: {error.strerror}", file=file) from error
    return Recorded(sampling.kept, sampling.counts, tuple(broken))


def _event(line: Json, position: str) -> StoredEvent:
    """Raises ValueError."""
    match line:
        case {"type": str(event_type), "data": dict(data), **others}:
            version = others.get("version", data.get("class_version", 1))
            if isinstance(version, int) and not isinstance(version, bool):
                return StoredEvent(event_type, version, data, position)
            raise ValueError("its version is no whole number")
        case {"type": str()}:
            raise ValueError("has no object `data`")
        case _:
            raise ValueError("is no object with a text `type`")


class _Sampling:
    """Of each type and version a sample in which every event is as likely (Vitter's algorithm R, 1985)."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, int], list[StoredEvent]] = {}
        self.counts: dict[tuple[str, int], int] = {}
        self._chance = random.Random(1)

    def add(self, event: StoredEvent) -> None:
        key = (event.event_type, event.version)
        kept = self.kept.setdefault(key, [])
        count = self.counts[key] = self.counts.get(key, 0) + 1
        if len(kept) < KEPT_MAX:
            kept.append(event)
        elif (place := self._chance.randrange(count)) < KEPT_MAX:
            kept[place] = event


@dataclass(frozen=True)
class Together:
    """Several sources: the first that has events of a type and version gives them, and the next add theirs."""

    sources: tuple[EventSource, ...]

    def events(self, event_type: str, version: int) -> tuple[StoredEvent, ...]:
        return tuple(event for source in self.sources for event in source.events(event_type, version))

    def versions(self) -> frozenset[tuple[str, int]]:
        return frozenset[tuple[str, int]]().union(*(source.versions() for source in self.sources))
