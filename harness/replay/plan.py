"""What is to be replayed, and what is asked of it; a value, so that it can go to another machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from harness.errors import InvalidInput
from harness.replay.compare import NOTHING, Ignored
from harness.replay.process import Limits
from harness.replay.properties import Property, Tally
from harness.replay.properties.commuting import Commuting
from harness.replay.properties.no_effects import NoEffects
from harness.replay.properties.readable import Readable
from harness.replay.properties.rollback import Rollback
from harness.replay.properties.same_state import SameState
from harness.replay.properties.shredded import Shredded
from harness.replay.properties.snapshots import Snapshots
from harness.replay.versions import Version
from harness.streams.scrubbing.rules import Rules
from harness.verdict import Verdict

Tallies: TypeAlias = dict[str, Tally]
"""By the name of the property."""


@dataclass(frozen=True)
class Plan:
    """The first version is the one that the others are compared with.

    `rollback_to` names a version that is asked only whether a rollback to it may start. `commuting` are sets of types
    of which events may change places. `shredding` takes out of events what a destroyed key would hide, and `hidden` are
    the places of states that come from that. `tried_share` is the share of streams on which the dearer properties
    (snapshots, commuting, shredding) are tried.
    """

    versions: tuple[Version, ...]
    limits: Limits
    ignored: Ignored = NOTHING
    rollback_to: str = ""
    commuting: tuple[frozenset[str], ...] = ()
    shredding: Rules | None = None
    hidden: Ignored = NOTHING
    tried_share: float = 1.0
    without: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Raises InvalidInput."""
        names = [version.name for version in self.versions]
        if not names:
            raise InvalidInput("there is no version to replay through")
        if len(set(names)) < len(names):
            raise InvalidInput(f"two versions have the same name: {', '.join(names)}")
        if self.rollback_to and self.rollback_to not in names:
            raise InvalidInput(f"the version to roll back to, {self.rollback_to!r}, is none of {', '.join(names)}")
        if self.rollback_to and len(names) == 1:
            raise InvalidInput("a rollback is judged against the version that wrote; name that one too")
        if unknown := self.without - self.properties().keys():
            raise InvalidInput(
                f"there is no property {', '.join(sorted(unknown))}; there are {', '.join(self.properties())}"
            )

    def properties(self) -> Mapping[str, Property[Any]]:
        """All that could be judged, by name."""
        every: tuple[Property[Any], ...] = (
            Readable(),
            SameState(self.ignored),
            Rollback(self.ignored),
            NoEffects(),
            Snapshots(self.ignored),
            Commuting(self.ignored),
            Shredded(self.hidden),
        )
        return {each.name: each for each in every}

    def begin(self) -> Tallies:
        """A tally of each property that is asked for; snapshots only show themselves once versions answer."""
        asked = {
            Readable.name: True,
            SameState.name: len([each for each in self.versions if each.name != self.rollback_to]) > 1,
            Rollback.name: bool(self.rollback_to),
            NoEffects.name: True,
            Commuting.name: bool(self.commuting),
            Shredded.name: self.shredding is not None,
        }
        return {name: Tally() for name, wanted in asked.items() if wanted and name not in self.without}

    def judge(self, tallies: Tallies) -> list[Verdict]:
        properties = self.properties()
        return [properties[name].judge(tallies[name]) for name in properties if name in tallies]


def merge(into: Tallies, other: Tallies) -> None:
    for name, tally in other.items():
        into.setdefault(name, Tally()).merge(tally)
