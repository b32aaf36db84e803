"""Schemas of the versions of events: what an upcaster's result has to satisfy, and what events are made from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from harness.errors import InvalidInput
from harness.upcasters.registry import Data

_VERSION = re.compile(r"(?:^|\D)(\d+)$")


class Schema(Protocol):
    def complaint(self, data: Data) -> str:
        """Why the data do not satisfy it; empty if they do."""
        ...

    def examples(self, count: int) -> tuple[Data, ...]:
        """Data that satisfy it, up to `count`; fewer, or none, if they cannot be made. The same each time."""
        ...


@dataclass(frozen=True)
class Schemas:
    """By event type and version."""

    known: Mapping[tuple[str, int], Schema] = field(default_factory=dict)

    def of(self, event_type: str, version: int) -> Schema | None:
        """Those of `shop.orders:Order.Placed`, a topic of eventsourcing, may be in the folder `Order.Placed`."""
        return self.known.get((event_type, version)) or self.known.get((_bare(event_type), version))

    def versions(self, event_type: str) -> tuple[int, ...]:
        names = (event_type, _bare(event_type))
        return tuple(sorted(version for name, version in self.known if name in names))

    @property
    def event_types(self) -> tuple[str, ...]:
        return tuple(sorted({name for name, _ in self.known}))


def _bare(event_type: str) -> str:
    return event_type.rpartition(":")[2]


def read_schemas(folder: Path) -> Schemas:
    """`folder/<event type>/<version>.json` (JSON Schema), `.proto` or `.avsc`; `v2.json` and `OrderPlaced.2.json` too.

    Raises InvalidInput for a folder without schemas, a file that is none, and two for one version.
    """
    from harness.upcasters.validators import SUFFIXES, read_schema  # noqa: PLC0415 (what it needs is an extra)

    if not folder.is_dir():
        raise InvalidInput("there is no such folder", file=folder)
    known: dict[tuple[str, int], Schema] = {}
    for file in sorted(folder.glob("*/*")):
        if file.suffix not in SUFFIXES:
            continue
        found = _VERSION.search(file.stem)
        if found is None:
            raise InvalidInput("its name does not end in the number of a version", file=file)
        key = (file.parent.name, int(found[1]))
        if key in known:
            raise InvalidInput(f"is a second schema of {key[0]} {key[1]}", file=file)
        known[key] = read_schema(file)
    if not known:
        raise InvalidInput(f"has no schemas ({', '.join(SUFFIXES)}) in folders named like event types", file=folder)
    return Schemas(known)
