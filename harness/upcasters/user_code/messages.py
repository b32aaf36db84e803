"""What the harness and the process that has the user's code in it say to each other: a line of JSON each."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from harness.upcasters.catalog import Catalog
from harness.upcasters.registry import Data


class Hop(msgspec.Struct, frozen=True):
    """A function of one event type, by its versions."""

    source: int
    target: int
    down: bool = False


class Walk(msgspec.Struct, frozen=True, tag=True):
    """Apply these functions one after the other, and once more from the start."""

    event_type: str
    data: Data
    hops: tuple[Hop, ...]


class Load(msgspec.Struct, frozen=True, tag=True):
    """Load this event as the application loads it."""

    event_type: str
    version: int
    data: Data


Order: TypeAlias = Walk | Load


class Known(msgspec.Struct, frozen=True, tag=True):
    """The first line: what the user's code has registered."""

    catalog: Catalog


class Unusable(msgspec.Struct, frozen=True, tag=True):
    """The first line, and the only one: why the user's code could not be loaded."""

    message: str


class Touched(msgspec.Struct, frozen=True, tag=True):
    """The function at `hop` does something that is not pure. Said at once: it may never return from it.

    `kind` is clock, random, environment or io.
    """

    hop: int
    kind: str
    what: str
    where: str


class Walked(msgspec.Struct, frozen=True, tag=True):
    """The data after each hop, fewer than hops if one failed; and the same of the second time."""

    states: tuple[Any, ...]
    failure: str
    states_again: tuple[Any, ...]
    failure_again: str


class Loaded(msgspec.Struct, frozen=True, tag=True):
    """`refusal` is the error, empty if it was loaded; then `state` is what came of it, and `given` what it was before.

    `missing` are attributes that the event's class declares and the loaded event does not have.
    """

    refusal: str = ""
    given: Any = None
    state: Any = None
    missing: tuple[str, ...] = ()


Answer: TypeAlias = Known | Unusable | Touched | Walked | Loaded
