"""What the user's code may be: a fold, an application of the eventsourcing library, a projection.

A subject is begun, takes events one after the other, and can say its state as JSON.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from harness.replay.helper.shown import as_json

STORE_VARIABLE = "ROLLPROOF_STORE"
"""A folder for what a projection keeps when its process ends; there only where the harness ends it on purpose."""


@dataclass(frozen=True)
class Event:
    """A recorded event as a fold gets it. `data` is parsed JSON, or bytes if the data are not JSON."""

    stream: str
    position: int
    type: str
    version: int
    data: Any
    metadata: dict[str, Any]

    @classmethod
    def parse(cls, line: dict[str, Any]) -> Event:
        data = base64.b64decode(line["data_base64"]) if "data_base64" in line else line["data"]
        return cls(
            line["stream"], line["position"], line["type"], line.get("version", 1), data, line.get("metadata", {})
        )


class Subject(Protocol):
    """`snapshots`: whether what `snapshot` gave can be begun with."""

    snapshots: bool

    def begin(self, unit: str, snapshot: Any) -> None: ...
    def apply(self, event: Event) -> None: ...
    def flush(self) -> None:
        """What was applied is to have its effect now."""

    def state(self) -> Any:
        """As JSON, to be compared."""

    def snapshot(self) -> Any:
        """As JSON, to begin with."""

    def newer(self) -> int | None:
        """The version that the code knows, if the last event was written by a later one and read all the same."""


class Fold:
    """`fold(state, event) -> state`, from None on; or an object that has it, and perhaps more.

    `dump(state)` makes JSON of a state and `restore(json)` a state of that; `newer(event)` gives the version that the
    code knows of an event that was written by a later one, else None.
    """

    def __init__(self, target: Any) -> None:
        self._fold: Callable[[Any, Event], Any] = getattr(target, "fold", target)
        self._dump: Callable[[Any], Any] = getattr(target, "dump", as_json)
        self._restore: Callable[[Any], Any] | None = getattr(target, "restore", None)
        self._newer: Callable[[Event], int | None] = getattr(target, "newer", lambda _: None)
        self.snapshots = self._restore is not None
        self._state: Any = None
        self._last: Event | None = None

    def begin(self, unit: str, snapshot: Any) -> None:
        self._state = None if snapshot is None or self._restore is None else self._restore(snapshot)

    def apply(self, event: Event) -> None:
        self._last = event
        self._state = self._fold(self._state, event)

    def flush(self) -> None:
        pass

    def state(self) -> Any:
        return as_json(self._dump(self._state))

    def snapshot(self) -> Any:
        return self.state()

    def newer(self) -> int | None:
        return None if self._last is None else self._newer(self._last)


class Projection:
    """A read model: `target(store)` makes one that has `apply(events)` and `rows()`.

    `store` is the folder where it keeps what has to outlive its process, or None if nothing has to. A batch are the
    events between two flushes.
    """

    snapshots = False

    def __init__(self, target: Callable[[Path | None], Any]) -> None:
        self._target = target
        self._batch: list[Event] = []
        self._model: Any = None

    def begin(self, unit: str, snapshot: Any) -> None:
        store = os.environ.get(STORE_VARIABLE)
        self._model = self._target(Path(store) if store else None)
        self._batch = []

    def apply(self, event: Event) -> None:
        self._batch.append(event)

    def flush(self) -> None:
        batch, self._batch = self._batch, []
        if batch:
            self._model.apply(batch)

    def state(self) -> Any:
        return as_json(self._model.rows())

    def snapshot(self) -> Any:
        return None

    def newer(self) -> int | None:
        return None


class StoredEvents:
    """Events of the eventsourcing library, mapped as its mapper does and folded into aggregates.

    `target` is a class of applications, made with the process's environment, or an application.
    """

    snapshots = True

    def __init__(self, target: Any) -> None:
        from eventsourcing.persistence import StoredEvent  # noqa: PLC0415 (only who uses the library has it)

        self._stored = StoredEvent
        application = target(env=dict(os.environ)) if isinstance(target, type) else target
        self._mapper = application.mapper
        self._aggregate: Any = None
        self._newer: int | None = None

    def begin(self, unit: str, snapshot: Any) -> None:
        self._aggregate = None
        if snapshot is not None:
            self._aggregate = self._event(
                snapshot["stream"], snapshot["position"], snapshot["type"], base64.b64decode(snapshot["data_base64"])
            ).mutate(None)

    def apply(self, event: Event) -> None:
        data = event.data if isinstance(event.data, bytes) else json.dumps(event.data).encode()
        domain_event = self._event(event.stream, event.position, event.type, data)
        # The library's mapper calls upcasters upwards only: what a later version wrote is loaded as it is.
        known = getattr(type(domain_event), "class_version", 1)
        self._newer = known if event.version > known else None
        self._aggregate = domain_event.mutate(self._aggregate)

    def flush(self) -> None:
        pass

    def state(self) -> Any:
        if not hasattr(self._aggregate, "__dict__"):
            return as_json(self._aggregate)
        return as_json({name: value for name, value in vars(self._aggregate).items() if name != "_pending_events"})

    def snapshot(self) -> Any:
        if self._aggregate is None:
            return None
        stored = self._mapper.to_stored_event(type(self._aggregate).Snapshot.take(self._aggregate))
        return {
            "stream": str(stored.originator_id),
            "position": stored.originator_version,
            "type": stored.topic,
            "data_base64": base64.b64encode(stored.state).decode(),
        }

    def newer(self) -> int | None:
        return self._newer

    def _event(self, stream: str, position: int, topic: str, data: bytes) -> Any:
        return self._mapper.to_domain_event(
            self._stored(originator_id=_identity(stream), originator_version=position, topic=topic, state=data)
        )


def _identity(stream: str) -> UUID | str:
    try:
        return UUID(stream)
    except ValueError:
        return stream


def subject_of(target: Any) -> Subject:
    """Raises TypeError for what is none of them."""
    library = sys.modules.get("eventsourcing.application")
    if library is not None and (
        isinstance(target, library.Application)
        or (isinstance(target, type) and issubclass(target, library.Application))
    ):
        return StoredEvents(target)
    if isinstance(target, type) and hasattr(target, "apply") and hasattr(target, "rows"):
        return Projection(target)
    if callable(getattr(target, "fold", target)):
        return Fold(target)
    raise TypeError(f"{target!r} is neither a fold nor an application nor a projection")
