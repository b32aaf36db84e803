"""Each event has its effect once: under duplicates, restarts, and with two projectors at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from harness.replay.properties import Property, Record


@dataclass(frozen=True)
class Applied:
    """That a projector had an event have its effect, and that this stayed."""

    projector: str
    stream: str
    position: int


@dataclass(frozen=True)
class Deliveries:
    """Events that were to have their effect, and the effects that they had, under one kind of trouble."""

    trouble: str
    events: tuple[tuple[str, int], ...]
    """By stream and position, each once however often it was delivered."""
    effects: tuple[Applied, ...]


class ExactlyOnce(Property[Deliveries]):
    name = "exactly-once"
    title = "Events with no effect, or with several"
    columns: ClassVar = ("trouble", "stream", "position", "effects", "projectors")
    holds = "Each event had its effect once, in {cases} runs."
    fails = "{violations} events had no effect or several, in {cases} runs."

    def violations(self, case: Deliveries) -> Iterator[Record]:
        times = Counter((effect.stream, effect.position) for effect in case.effects)
        for stream, position in sorted({*case.events, *times}):
            expected = (stream, position) in case.events
            if times[stream, position] != expected:
                by = sorted({e.projector for e in case.effects if (e.stream, e.position) == (stream, position)})
                yield (case.trouble, stream, position, times[stream, position], ", ".join(by))

    def undecided(self, case: Deliveries) -> str:
        return "" if case.events else f"no event was delivered under: {case.trouble}"
