"""A key that was shredded stops nothing: what it hid is gone, all else is replayed as before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from harness.replay.compare import NOTHING, Ignored, differences
from harness.replay.outcome import Outcome
from harness.replay.properties import Property, Record


@dataclass(frozen=True)
class Shredding:
    """A unit before and after a key was destroyed. `concerned`: some of its own events were hidden by that key."""

    version: str
    before: Outcome
    after: Outcome
    concerned: bool


@dataclass(frozen=True)
class Shredded(Property[Shredding]):
    """`hidden` are the places of a state that come from what the key hid."""

    hidden: Ignored = NOTHING

    name = "shredded-key"
    title = "What a shredded key stopped or changed"
    columns: ClassVar = ("version", "stream", "position", "what")
    holds = "Without the key, {cases} streams are replayed as before, but for what it hid."
    fails = "{violations} things are otherwise without the key, in {cases} streams."

    vacuous = "The rules hid nothing of any event that was tried."

    def violations(self, case: Shredding) -> Iterator[Record]:
        if not case.before.comparable:
            return
        for failure in case.after.failures:
            yield (case.version, failure.stream, failure.position, failure.error)
        if case.after.comparable:
            hidden = self.hidden if case.concerned else NOTHING
            for difference in differences(case.before.state or b"", case.after.state or b"", hidden):
                what = f"{difference.pointer} was {difference.first} and is {difference.second}"
                yield (case.version, case.before.unit, None, what)

    def tells(self, case: Shredding) -> bool:
        return case.concerned

    def undecided(self, case: Shredding) -> str:
        if not case.before.comparable:
            return f"{case.version} had no state with the key either"
        if not case.after.comparable and not case.after.failures:
            return f"{case.version} has no state without the key: {case.after.unstated}"
        return ""
