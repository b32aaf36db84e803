"""Stores and brokers that events are read from, a module each; none is imported before it is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Final, Protocol, cast, runtime_checkable

from harness.streams.event import OnBroken, RecordedEvent, refuse
from harness.streams.seen import Seen
from harness.toml_reader import Table, nearest
from harness.toml_values import build


class Source(Protocol):
    """Where events are, and how they are told from what else is there. A frozen dataclass that TOML describes."""

    def events(self, on_broken: OnBroken = refuse) -> Iterator[RecordedEvent]:
        """Each event once, up to those that were there when it began; of a stream, in the order of its positions.

        Nothing is changed in the source. Raises HarnessError if it cannot be read.
        """
        ...


@runtime_checkable
class Resumable(Protocol):
    """A source that need not be read from its beginning each time."""

    def unseen(self, seen: Seen, on_broken: OnBroken = refuse) -> Iterator[RecordedEvent]:
        """As `events`, but only what is not seen yet: numbered higher, or missing. Raises HarnessError."""
        ...


KINDS: Final[Mapping[str, str]] = {
    "postgresql": "PostgreSQL",
    "nats": "Nats",
    "kurrentdb": "KurrentDB",
    "kafka": "Kafka",
}
"""The class of each kind, in the module of the same name."""

EXTRAS: Final[Mapping[str, str]] = {"kurrentdb": "kurrentdb", "kafka": "kafka"}
"""What is to be installed for a kind that not everybody needs."""


def read_source(table: Table, url: str | None) -> Source:
    """The source that `[source]` describes, at `url` if one is given.

    Raises InvalidInput, also if a client library is not installed: it says which extra brings it.
    """
    kind = table.text("kind")
    if kind not in KINDS:
        raise table.error(f"unknown kind {kind!r}; {nearest(kind, KINDS)}", "kind")
    try:
        cls = getattr(import_module(f"{__name__}.{kind}"), KINDS[kind])
    except ImportError as error:
        if kind not in EXTRAS:
            raise
        raise table.error(
            f"reading from {kind} needs a client library that is not installed ({error.name}); "
            f"`pip install 'rollproof[{EXTRAS[kind]}]'` brings it",
            "kind",
        ) from error
    if url is not None:
        return cast(Source, build(cls, table, aside=("kind", "url"), url=url))
    return cast(Source, build(cls, table, aside=("kind",)))


def version_in(content: object, name: str) -> object:
    """The event's version where the field `name` of its data or metadata says it; 1 where nothing does.

    Whether it is a version is for who makes an event of it.
    """
    return content.get(name, 1) if name and isinstance(content, dict) else 1
