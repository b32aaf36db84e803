"""What goes to the process of a version and what comes back; docs/replay.md is the description for others."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

PROTOCOL: Final = 1
RESERVED: Final = "$replay."
"""Types that begin so are no events' but ours."""

SYNC: Final = b'{"type":"$replay.sync"}\n'
STATE: Final = b'{"type":"$replay.state"}\n'
SNAPSHOT: Final = b'{"type":"$replay.state","snapshot":true}\n'


class _Begin(Struct, tag_field="type", tag="$replay.begin", omit_defaults=True):
    unit: str
    snapshot: Raw | UnsetType = UNSET


class Failed(Struct, frozen=True):
    """An event that could not be applied. `position` 0 is none of an event."""

    stream: str
    position: int
    error: str
    trace: str = ""


class Newer(Struct, frozen=True):
    """An event of a later version than the code knows, which was read all the same."""

    stream: str
    position: int
    type: str
    written: int
    known: int


class Effect(Struct, frozen=True):
    """Something that was done beside making a state."""

    effect: str
    detail: str = ""
    position: int | None = None


class Answer(Struct, frozen=True):
    """One line from a version; which fields it has says what it is."""

    protocol: int | UnsetType = UNSET
    snapshots: bool = False
    watches: bool = False
    failed: Failed | UnsetType = UNSET
    newer: Newer | UnsetType = UNSET
    synced: int | UnsetType = UNSET
    unit: str | UnsetType = UNSET
    events: int = 0
    state: Raw | UnsetType = UNSET
    snapshot: Raw | UnsetType = UNSET
    unstated: str = ""
    effects: tuple[Effect, ...] = ()

    @property
    def ends_a_wait(self) -> bool:
        """Whether it is what was asked for, and not something said beside that."""
        return self.synced is not UNSET or self.unit is not UNSET or self.protocol is not UNSET


_answers: Final = msgspec.json.Decoder(Answer)


def begin(unit: str, snapshot: bytes | None = None) -> bytes:
    return msgspec.json.encode(_Begin(unit, UNSET if snapshot is None else Raw(snapshot))) + b"\n"


def parse(line: bytes) -> Answer:
    """Raises ValueError for what is no answer."""
    answer = _answers.decode(line)
    if not (answer.ends_a_wait or answer.failed is not UNSET or answer.newer is not UNSET):
        raise ValueError("is none of the answers")
    return answer
