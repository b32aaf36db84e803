"""One part of a recording, replayed through every version, and what came of it tallied."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from zlib import crc32

import msgspec

from harness.protocols import Spawner
from harness.replay.ordered import Ordered, Unit
from harness.replay.outcome import Outcome
from harness.replay.plan import Plan, Tallies
from harness.replay.properties import Case, Property, Tally
from harness.replay.properties.commuting import Commuting, Swap
from harness.replay.properties.no_effects import NoEffects, Watched
from harness.replay.properties.readable import Readable, Replayed
from harness.replay.properties.rollback import Return, Rollback
from harness.replay.properties.same_state import Pair, SameState
from harness.replay.properties.shredded import Shredded, Shredding
from harness.replay.properties.snapshots import Resumed, Snapshots
from harness.replay.replayer import Replayer
from harness.streams import jsonlines
from harness.streams.event import RecordedEvent
from harness.streams.scrubbing.scrubber import Scrubber

TRIED_EVENTS_MAX = 1_000
"""Streams with more events are not tried for the dearer properties: each trial replays them anew."""
SWAPS_A_STREAM = 5
_BUCKETS = 1_000_000


def replay_part(plan: Plan, part: Ordered, spawner: Spawner, folder: Path, *, whole: bool = False) -> Tallies:
    """With `whole`, all of the part is one unit. Raises InvalidInput if a version does not come up."""
    with ExitStack() as stack:
        replayers = [stack.enter_context(Replayer(version, spawner, folder, plan.limits)) for version in plan.versions]
        return _Part(plan, replayers).tally(part, whole)


class _Part:
    def __init__(self, plan: Plan, replayers: Sequence[Replayer]) -> None:
        self._plan = plan
        self._replayers = replayers
        self._tallies = plan.begin()
        if Snapshots.name not in plan.without and any(replayer.resumes for replayer in replayers):
            self._tallies[Snapshots.name] = Tally()

    def tally(self, part: Ordered, whole: bool) -> Tallies:
        tried: list[Unit] = []
        ways = [replayer.replay(part.whole() if whole else part.units()) for replayer in self._replayers]
        units = part.whole() if whole else part.units()
        for unit, *outcomes in zip(units, *ways, strict=True):
            self._count_outcomes(outcomes)
            if self._is_tried(unit):
                tried.append(unit)
        for unit in tried:
            self._try(unit)
        return self._tallies

    # ── every stream ─────────────────────────────────────────────────────────────────────────────────────────────

    def _count_outcomes(self, outcomes: Sequence[Outcome]) -> None:
        plan, by_name = self._plan, {}
        for replayer, outcome in zip(self._replayers, outcomes, strict=True):
            name = replayer.version.name
            by_name[name] = outcome
            if name != plan.rollback_to:
                self._count(Readable(), Replayed(name, outcome))
            self._count(NoEffects(), Watched(name, outcome.unit, outcome.effects, replayer.watches))
        compared = [name for name in by_name if name != plan.rollback_to]
        for name in compared[1:]:
            pair = (by_name[compared[0]], by_name[name])
            self._count(SameState(plan.ignored), Pair(compared[0], name, pair))
        if plan.rollback_to:
            case = Return(plan.rollback_to, by_name[plan.rollback_to], by_name[compared[-1]])
            self._count(Rollback(plan.ignored), case)

    def _count(self, property_: Property[Case], case: Case) -> None:
        if property_.name in self._tallies:
            property_.count(self._tallies[property_.name], case)

    # ── some streams ─────────────────────────────────────────────────────────────────────────────────────────────

    def _is_tried(self, unit: Unit) -> bool:
        wanted = {Snapshots.name, Commuting.name, Shredded.name} & self._tallies.keys()
        chosen = crc32(unit.name.encode()) % _BUCKETS < self._plan.tried_share * _BUCKETS
        return bool(wanted) and unit.events <= TRIED_EVENTS_MAX and chosen

    def _try(self, unit: Unit) -> None:
        lines = list(unit.lines())
        events = [jsonlines.parse(line) for line in lines]
        for replayer in self._replayers:
            if replayer.version.name == self._plan.rollback_to:
                continue
            full = replayer.replay_events(unit.name, lines)
            for swap in self._swaps(replayer, events, full):
                self._count(Commuting(self._plan.ignored), swap)
            if self._plan.shredding is not None:
                self._count(Shredded(self._plan.hidden), self._shredding(replayer, events, full))
            if Snapshots.name in self._tallies:
                for resumed in self._resumptions(replayer, lines, full):
                    self._count(Snapshots(self._plan.ignored), resumed)

    def _swaps(self, replayer: Replayer, events: Sequence[RecordedEvent], full: Outcome) -> Iterator[Swap]:
        places = [
            place
            for place in range(len(events) - 1)
            if any({events[place].type, events[place + 1].type} <= types for types in self._plan.commuting)
        ]
        for place in places[:SWAPS_A_STREAM]:
            first, second = events[place : place + 2]
            swapped = [*events[:place], _at(second, first.position), _at(first, second.position), *events[place + 2 :]]
            outcome = replayer.replay_events(full.unit, [jsonlines.render(event) for event in swapped])
            yield Swap(replayer.version.name, first.position, (first.type, second.type), full, outcome)

    def _shredding(self, replayer: Replayer, events: Sequence[RecordedEvent], full: Outcome) -> Shredding:
        assert self._plan.shredding is not None
        scrubber = Scrubber(self._plan.shredding, self._plan.shredding.key())
        hidden = [scrubber.scrub(event) for event in events]
        outcome = replayer.replay_events(full.unit, [jsonlines.render(event) for event in hidden])
        return Shredding(replayer.version.name, full, outcome, hidden != list(events))

    def _resumptions(self, replayer: Replayer, lines: Sequence[bytes], full: Outcome) -> Iterator[Resumed]:
        """From a snapshot of each version in the middle of the stream, and before its last event."""
        for place in sorted({len(lines) // 2, len(lines) - 1} - {0}):
            for taker in self._replayers:
                snapshot = taker.replay_events(full.unit, lines[:place]).snapshot if taker.resumes else None
                resumed, refused = None, False
                if snapshot is not None and replayer.resumes:
                    resumed = replayer.replay_events(full.unit, lines[place:], snapshot)
                    refused = any(each.position is None and not each.crashed for each in resumed.failures)
                yield Resumed(replayer.version.name, taker.version.name, place, full, resumed, refused)


def _at(event: RecordedEvent, position: int) -> RecordedEvent:
    return msgspec.structs.replace(event, position=position)
