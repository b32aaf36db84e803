"""Upcasters as the library `eventsourcing` has them: static methods `upcast_vN_vM` of a class with a `class_version`.

The library calls them for stored events and snapshots, one version after the other, and only while the stored version
is below the class's: an event of a newer version is loaded as it is, without a word. Downcasters are looked for by the
same pattern, `downcast_vN_vM`; the library knows none.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from types import ModuleType
from typing import Any
from uuid import UUID

from eventsourcing.domain import BaseAggregate, Snapshot
from eventsourcing.persistence import (
    DatetimeAsISO,
    DecimalAsStr,
    JSONTranscoder,
    Mapper,
    StoredEvent,
    Transcoding,
    UUIDAsHex,
)
from eventsourcing.utils import get_topic

from harness.upcasters.catalog import Catalog, Step
from harness.upcasters.registry import Data
from harness.upcasters.user_code.functions import place
from harness.upcasters.user_code.messages import Hop

_METHOD = re.compile(r"(?P<way>up|down)cast_v(?P<source>\d+)_v(?P<target>\d+)")
_IDENTITY = UUID(int=1)
_STANDARD_TRANSCODINGS = (UUIDAsHex, DecimalAsStr, DatetimeAsISO)


def classes_of(module: ModuleType) -> tuple[type, ...]:
    """The classes of events and aggregates that a module defines itself; of those that inherit, the last."""
    found = list(_defined(module, module.__name__))
    return tuple(each for each in found if not any(other is not each and issubclass(other, each) for other in found))


def _defined(holder: object, module: str) -> Iterator[type]:
    for member in vars(holder).values():
        if isinstance(member, type) and member.__module__ == module:
            if _is_event(member) or issubclass(member, BaseAggregate):
                yield member
            yield from _defined(member, module)


def _is_event(cls: type) -> bool:
    return any("originator_version" in vars(each).get("__annotations__", {}) for each in cls.__mro__)


class VersionedClasses:
    """Those of one module. Events are loaded by the module's own `Mapper`, if it has one, else by the library's."""

    def __init__(self, module: ModuleType) -> None:
        self._classes = {get_topic(each): each for each in classes_of(module)}
        own: list[Mapper[Any]] = [each for each in vars(module).values() if isinstance(each, Mapper)]
        self._mapper = own[0] if own else Mapper[Any](_transcoder(module))
        self._transcoder = self._mapper.transcoder

    def catalog(self) -> Catalog:
        steps = tuple(step for topic, cls in self._classes.items() for step in _steps(topic, cls))
        return Catalog(steps, {topic: _version(cls) for topic, cls in self._classes.items()})

    def decode(self, data: Data) -> Data:
        """From the form in which the library stores it."""
        stored = {name: value for name, value in data.items() if name != "class_version"}
        decoded: Data = self._transcoder.decode(json.dumps(stored).encode())
        return decoded

    def encode(self, data: object) -> object:
        """Raises TypeError for what the library could not store."""
        return json.loads(self._transcoder.encode(data))

    def apply(self, event_type: str, hop: Hop, data: Data) -> Data:
        """The library ignores what the method returns, so it must change what it is given."""
        prefix = "downcast" if hop.down else "upcast"
        getattr(self._classes[event_type], f"{prefix}_v{hop.source}_v{hop.target}")(data)
        return data

    def load(self, event_type: str, version: int, data: Data) -> tuple[object, tuple[str, ...]]:
        cls = self._classes[event_type]
        stored = {**self.decode(data), **({"class_version": version} if version > 1 else {})}
        loaded = (
            _snapshotted(event_type, stored)
            if issubclass(cls, BaseAggregate)
            else self._mapped(event_type, cls, stored)
        )
        state = {name: value for name, value in vars(loaded).items() if name not in _OWN_ATTRIBUTES}
        missing = tuple(name for name in _declared(cls) if not hasattr(loaded, name))
        return self.encode(state), missing

    def _mapped(self, topic: str, cls: type, state: Data) -> object:
        identity = str(_IDENTITY) if _takes_text(cls) else _IDENTITY
        loaded: object = self._mapper.to_domain_event(StoredEvent(identity, 1, topic, self._stored(state)))
        return loaded

    def _stored(self, state: Data) -> bytes:
        """As the mapper finds it in the store."""
        stored = self._transcoder.encode(state)
        if self._mapper.compressor:
            stored = self._mapper.compressor.compress(stored)
        return self._mapper.cipher.encrypt(stored) if self._mapper.cipher else stored


_OWN_ATTRIBUTES = frozenset({"originator_id", "originator_version", "_id", "_version", "_pending_events"})


def _snapshotted(topic: str, state: Data) -> object:
    snapshot = Snapshot(_IDENTITY, 1, datetime(2000, 1, 1, tzinfo=UTC), topic, state)
    loaded: object = snapshot.mutate(None)
    return loaded


def _transcoder(module: ModuleType) -> JSONTranscoder:
    """With the transcodings that an application of the library has, and the module's own."""
    transcoder = JSONTranscoder()
    for cls in (*_STANDARD_TRANSCODINGS, *vars(module).values()):
        if isinstance(cls, type) and issubclass(cls, Transcoding) and not inspect.isabstract(cls):
            transcoder.register(cls())
    return transcoder


def _steps(topic: str, cls: type) -> Iterator[Step]:
    for name in dir(cls):
        found = _METHOD.fullmatch(name)
        if found and abs(int(found["target"]) - int(found["source"])) == 1:
            function = getattr(cls, name)
            where, down = place(function), found["way"] == "down"
            yield Step(topic, int(found["source"]), int(found["target"]), function.__qualname__, where, down)


def _version(cls: type) -> int:
    return int(getattr(cls, "class_version", 1))


def _takes_text(cls: type) -> bool:
    """Whether its identities are texts; if it says nothing of it the library's own error comes."""
    known = getattr(cls, "originator_id_type", None)
    if known is not None:
        return known is str
    for each in cls.__mro__:
        with suppress(KeyError):
            return vars(each).get("__annotations__", {})["originator_id"] in (str, "str")
    return False


def _declared(cls: type) -> tuple[str, ...]:
    """The attributes that an event's class says its events have."""
    if is_dataclass(cls):
        names = [each.name for each in fields(cls)]
    else:
        annotations = [
            vars(each).get("__annotations__", {}) for each in cls.__mro__ if each.__module__ == cls.__module__
        ]
        names = [name for each in annotations for name, kind in each.items() if "ClassVar" not in str(kind)]
    return tuple(name for name in names if not name.startswith("_"))
