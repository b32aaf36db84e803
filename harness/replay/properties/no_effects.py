"""A replay makes states and does nothing else: no mail is sent twice because a projection is rebuilt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from harness.replay.properties import Property, Record
from harness.replay.wire import Effect


@dataclass(frozen=True)
class Watched:
    """What a version did while it replayed a unit. `watches`: it would have said if it had done more."""

    version: str
    unit: str
    effects: tuple[Effect, ...]
    watches: bool


class NoEffects(Property[Watched]):
    """No file is written, no socket used, no process started."""

    name = "no-effects"
    title = "What was done beside making states"
    columns: ClassVar = ("version", "stream", "position", "effect", "detail")
    holds = "Nothing was done beside making the states of {cases} streams, as far as the versions' processes tell."
    fails = "{violations} things were done beside making the states of {cases} streams."

    def violations(self, case: Watched) -> Iterator[Record]:
        for effect in case.effects:
            yield (case.version, case.unit, effect.position, effect.effect, effect.detail)

    def undecided(self, case: Watched) -> str:
        return "" if case.watches or case.effects else f"{case.version} does not say what it does beside"
