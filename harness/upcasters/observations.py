"""What was seen of upcasters while they were tried: the facts that every check judges by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from harness.upcasters.catalog import Catalog, Way
from harness.upcasters.events import BrokenLine, StoredEvent
from harness.upcasters.schemas import Schemas
from harness.upcasters.user_code.messages import Touched


@dataclass(frozen=True)
class Versions:
    """Those of one event type that are known to be stored, each with what it is known from."""

    event_type: str
    stored: Mapping[int, str]
    newest: int
    is_declared: bool
    """Whether a class says which is the newest; otherwise it is the highest that there is."""
    is_reached: bool
    """Whether a class or an upcaster knows the newest; otherwise it is known from a schema or an event alone."""


@dataclass(frozen=True)
class Attempt:
    """The data after each step; fewer if one failed. `certain` is false where this machine may have been too slow."""

    states: tuple[Any, ...]
    failure: str = ""
    certain: bool = True


class Purpose(Enum):
    RAISE = "to the newest version"
    RETURN = "up, and down again"


@dataclass(frozen=True)
class Journey:
    """One event along one way: twice in one process, and once in another one.

    The other process has another hash seed and another time zone, and meets the events in the reverse order.
    `elsewhere` is None where there was no other process.
    """

    event: StoredEvent
    way: Way
    purpose: Purpose
    first: Attempt
    again: Attempt
    elsewhere: Attempt | None
    touched: tuple[Touched, ...] = ()

    @property
    def is_complete(self) -> bool:
        return not self.first.failure

    def states(self) -> Iterator[tuple[int, Any]]:
        """Version and data, the stored ones first."""
        yield self.event.version, self.event.data
        for step, state in zip(self.way, self.first.states, strict=False):
            yield step.target, state

    @property
    def final(self) -> Any:
        """The data at the end of the way."""
        return self.first.states[-1] if self.way else self.event.data


class Newness(Enum):
    NEWEST = "of the newest version"
    NEWER = "of a version newer than the newest"
    PROBE = "of the newest version, said to be of a newer one"


@dataclass(frozen=True)
class Loading:
    """An event that was loaded as the application loads it, and what came of loading the result once more.

    `given` is what it was before, in the form in which the states are. `missing` are attributes that the event's class
    declares and the loaded event does not have.
    """

    event: StoredEvent
    newness: Newness
    refusal: str
    given: Any = None
    state: Any = None
    state_again: Any = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Observations:
    """`barred` are the journeys that were not made because the same way had ended the process before."""

    catalog: Catalog
    schemas: Schemas
    versions: tuple[Versions, ...]
    journeys: tuple[Journey, ...] = ()
    loadings: tuple[Loading, ...] = ()
    barred: int = 0
    broken: tuple[BrokenLine, ...] = ()

    def untried(self) -> tuple[tuple[str, int], ...]:
        """Types and versions below the newest of which there was no event that any upcaster was tried on."""
        tried = {(journey.event.event_type, journey.event.version) for journey in self.journeys}
        return tuple(
            (each.event_type, version)
            for each in self.versions
            for version in sorted(each.stored)
            if version < each.newest and (each.event_type, version) not in tried
        )
