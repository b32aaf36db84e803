"""The events of one source, read again and again through both versions of the service that has to understand them."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.environment import Reader
from harness.errors import HarnessError
from harness.lanes.replay.findings import Finding, Judged, judge_new, judge_old
from harness.protocols import Spawner
from harness.replay.compare import Ignored, differences
from harness.replay.ordered import Ordered, Unit, order
from harness.replay.outcome import Outcome
from harness.replay.process import Limits
from harness.replay.replayer import Replayer
from harness.replay.versions import Version
from harness.scenario import Change
from harness.streams.event import SEQUENCE, BrokenRecord, OnBroken, RecordedEvent, refuse
from harness.streams.seen import Seen
from harness.streams.sources import Resumable, Source


class VersionReader:
    """A version's process, from entry to exit. `trouble` says why it reads nothing any more, if it does not."""

    def __init__(self, version: Version, spawner: Spawner, folder: Path) -> None:
        self.name = version.name
        self.trouble = ""
        self._replayer = Replayer(version, spawner, folder, Limits())
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._stack.enter_context(self._replayer)
        except HarnessError as error:
            self.trouble = str(error)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def outcomes(self, part: Ordered) -> dict[str, Outcome]:
        """By stream; none if it reads nothing any more."""
        if self.trouble:
            return {}
        try:
            return {outcome.unit: outcome for outcome in self._replayer.replay(part.units())}
        except HarnessError as error:  # it did not come up again after it had crashed
            self.trouble = str(error)
            return {}

    def state(self, unit: Unit, events: int) -> bytes | None:
        """After so many of the unit's events; None if there is none."""
        lines = [line for _, line in zip(range(events), unit.lines(), strict=False)]
        outcome = self._replayer.replay_events(unit.name, lines)
        return outcome.state if outcome.comparable else None


@dataclass(frozen=True)
class Read:
    """What came of one reading in one version: `events` of `streams` were replayed, as these had grown.

    Of the `held` events of the source it has read `read` so far, rightly or not.
    """

    version: str
    events: int
    streams: int
    held: int
    read: int
    findings: tuple[Finding, ...] = ()
    failed: int = 0
    undecided: str = ""


@dataclass
class _Progress:
    """Of one version: how many events of each stream it has read, and what stands against it."""

    reader: VersionReader
    read: dict[str, int] = field(default_factory=dict)
    standing: dict[str, Finding] = field(default_factory=dict)

    def note(self, judged: Mapping[str, Judged], lengths: Mapping[str, int], broken: Sequence[BrokenRecord]) -> Read:
        for stream, each in judged.items():
            self.standing.pop(stream, None)
            if each.findings:
                self.standing[stream] = each.findings[0]
            if not each.undecided:
                self.read[stream] = lengths[stream]
        undecided = [each.undecided for each in judged.values() if each.undecided]
        return Read(
            version=self.reader.name,
            events=sum(lengths[stream] for stream in judged),
            streams=len(judged),
            held=sum(lengths.values()),
            read=sum(self.read.values()),
            findings=tuple(found for each in judged.values() for found in each.findings),
            failed=sum(each.failed for each in judged.values()),
            undecided=self.reader.trouble or next(iter(undecided), "") or (str(broken[0]) if broken else ""),
        )

    def nothing(self, why: str) -> Read:
        return Read(self.reader.name, 0, 0, 0, sum(self.read.values()), undecided=why)


class Reading:
    """`name` is what people call the source. A version that crashes is started again, and the rest is read."""

    def __init__(self, reader: Reader, name: str, source: Source, old: VersionReader, new: VersionReader) -> None:
        """Raises InvalidInput if what the reader ignores are no places."""
        self.reader = reader
        self.name = name
        self.events: tuple[RecordedEvent, ...] = ()
        """What the source had when it was last read."""
        self.whole = False
        """Whether all of it could be read then."""
        self.began_ns = 0
        """Of that, by the machine's monotonic clock."""
        self.ended_ns = 0
        self._source = source
        self._seen: Seen | None = None
        """What of the source is in `events`; None if nobody can tell, so that all of it has to be read."""
        self._change = Change(old.name, new.name)
        self._ignored = Ignored.parse(reader.ignored)
        self._old = _Progress(old)
        self._new = _Progress(new)
        self._number = 0
        self._turns: dict[str, int] = {}
        """The number of the reading in which a stream was replayed last."""

    def read(self, folder: Path, events_max: float = inf, *, anew: bool = False) -> tuple[Read, Read]:
        """What came of it in the old and in the new version. Raises HarnessError if the source cannot be read.

        Of a source that can tell what is new only that is read, but for `anew`.

        With `events_max` only so many streams are replayed that they have about as many events: those first whose turn
        is the longest ago.
        """
        broken: list[BrokenRecord] = []
        self.whole = False
        self.began_ns = time.monotonic_ns()
        self.events = self._taken(broken, anew)
        self.ended_ns = time.monotonic_ns()
        self.whole = not broken
        lengths = Counter(event.stream for event in self.events)
        chosen = self._chosen(lengths, events_max)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            kept = _Kept(Path(self.name), [event for event in self.events if event.stream in chosen])
            (part,) = order(kept, Path(scratch), broken.append)
            by_old, by_new = self._judge(part)
        return self._old.note(by_old, lengths, broken), self._new.note(by_new, lengths, broken)

    def unread(self, why: str) -> tuple[Read, Read]:
        """What there is to say instead, when the source could not be read."""
        return self._old.nothing(why), self._new.nothing(why)

    def _taken(self, broken: list[BrokenRecord], anew: bool) -> tuple[RecordedEvent, ...]:
        """All that the source has. What of it was broken is looked at again next time."""
        source, seen = self._source, None if anew else self._seen
        self._seen = None
        if seen is not None and isinstance(source, Resumable):
            known, new = self.events, tuple(source.unseen(seen, broken.append))
        else:
            known, seen, new = (), Seen(), tuple(source.events(broken.append))
        numbers = [number for event in new if isinstance(number := event.metadata.get(SEQUENCE), int)]
        if not broken and len(numbers) == len(new):
            self._seen = seen.and_then(numbers)
        return known + new

    def _chosen(self, lengths: Mapping[str, int], events_max: float) -> frozenset[str]:
        """Of the streams that have grown, or are not decided yet."""
        self._number += 1
        grown = (
            stream
            for stream, length in lengths.items()
            if any(progress.read.get(stream) != length for progress in (self._old, self._new))
        )
        chosen, events = set(), 0
        for stream in sorted(grown, key=lambda stream: self._turns.get(stream, 0)):
            if events >= events_max:
                break
            chosen.add(stream)
            events += lengths[stream]
            self._turns[stream] = self._number
        return frozenset(chosen)

    def objection(self) -> str:
        """What the old version is known not to read rightly, as things stand; empty if nothing is known."""
        found = next(iter(self._old.standing.values()), None)
        return "" if found is None else f"{self.reader.service} {self._change.old} does not read {found}"

    def _judge(self, part: Ordered) -> tuple[dict[str, Judged], dict[str, Judged]]:
        old, new = self._old.reader.outcomes(part), self._new.reader.outcomes(part)
        by_old = {
            stream: judge_old(self._change, outcome, new.get(stream), self._ignored) for stream, outcome in old.items()
        }
        by_new = {
            stream: judge_new(self._change, outcome, old.get(stream), self._ignored) for stream, outcome in new.items()
        }
        return by_old, self._located(by_new, part)

    def _located(self, judged: Mapping[str, Judged], part: Ordered) -> dict[str, Judged]:
        """The first stream whose states differ, with the event after which they do."""
        differing = next((stream for stream, each in judged.items() if each.differs), None)
        if differing is None:
            return dict(judged)
        unit = next(unit for unit in part.units() if unit.name == differing)
        position, kind, version = self._first_difference(unit)
        found = tuple(
            replace(each, position=position, type=kind, written_as=version) for each in judged[differing].findings
        )
        return {**judged, differing: replace(judged[differing], findings=found)}

    def _first_difference(self, unit: Unit) -> tuple[int | None, str, int | None]:
        """By bisection: states that have come apart mostly stay so."""
        same, differ = 0, unit.events
        while same + 1 < differ:
            middle = (same + differ) // 2
            old, new = (progress.reader.state(unit, middle) for progress in (self._old, self._new))
            if old is not None and new is not None and any(differences(old, new, self._ignored)):
                differ = middle
            else:
                same = middle
        event = list(unit.recorded())[differ - 1]
        return event.position, event.type, event.version


@dataclass(frozen=True)
class _Kept:
    """A recording in memory."""

    path: Path
    kept: Sequence[RecordedEvent]

    def events(self, on_broken: OnBroken = refuse) -> Iterator[RecordedEvent]:
        return iter(self.kept)
