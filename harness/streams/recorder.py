"""A sample of a live store, scrubbed on its way: what is written has been through the rules, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zlib import crc32

from harness import bounds
from harness.errors import InvalidInput
from harness.streams.event import BrokenRecord, RecordedEvent
from harness.streams.files import write_recording
from harness.streams.scrubbing.rules import Rules
from harness.streams.scrubbing.scrubber import Scrubber, Uncovered
from harness.streams.sources import Source, read_source
from harness.toml_reader import Table
from harness.toml_values import build

_LOOKED_AT_MAX: Final = 10_000
"""Events that are still looked at once one may not be written, so that all rules that are missing are named at once."""
_BUCKETS: Final = 1_000_000


@dataclass(frozen=True)
class Sample:
    """Which events are taken: of a share of the streams, all their events from the first on, up to `events_max`."""

    streams_share: float = 1.0
    events_max: int | None = None

    def __post_init__(self) -> None:
        bounds.fraction(streams_share=self.streams_share)
        bounds.positive(events_max=self.events_max)

    def take(self, events: Iterable[RecordedEvent]) -> Iterator[RecordedEvent]:
        """The same streams each time, chosen by the CRC of their names."""
        taken = 0
        for event in events:
            if crc32(event.stream.encode()) % _BUCKETS < self.streams_share * _BUCKETS:
                yield event
                taken += 1
                if taken == self.events_max:
                    return


@dataclass(frozen=True)
class Plan:
    """What is recorded, of what, and what is taken out of it."""

    file: Path
    source: Source
    sample: Sample
    rules: Rules


@dataclass(frozen=True)
class Recorded:
    events: int
    broken: tuple[BrokenRecord, ...]
    """Records of the source that are no events; they are not in the recording."""


def read_plan(path: Path, url: str | None = None) -> Plan:
    """The plan in a TOML file with [source], [sample] and [scrub]; `url` in place of the source's own.

    Raises InvalidInput.
    """
    table = Table.read(path)
    table.expect(("source", "sample", "scrub"))
    return Plan(
        file=path,
        source=read_source(table.table("source"), url),
        sample=build(Sample, table.table("sample")),
        rules=build(Rules, table.table("scrub")),
    )


def record(plan: Plan, target: Path) -> Recorded:
    """Write the sample to `target`, whole or not at all.

    Raises InvalidInput if the key of the rules is missing, if the rules say nothing of a part of an event, or cannot be
    carried out; HarnessError if the source cannot be read.
    """
    scrubber = Scrubber(plan.rules, plan.rules.key())
    broken: list[BrokenRecord] = []
    events = plan.sample.take(plan.source.events(broken.append))
    count = write_recording(target, _scrubbed(events, scrubber, plan.file))
    return Recorded(count, tuple(broken))


def _scrubbed(events: Iterator[RecordedEvent], scrubber: Scrubber, rules: Path) -> Iterator[RecordedEvent]:
    for event in events:
        try:
            yield scrubber.scrub(event)
        except Uncovered as first:
            raise _missing(first, events, scrubber, rules) from None
        except ValueError as error:
            raise InvalidInput(f"an event of type {event.type} cannot be scrubbed: {error}", file=rules) from None


def _missing(first: Uncovered, rest: Iterator[RecordedEvent], scrubber: Scrubber, rules: Path) -> InvalidInput:
    """Says all rules that are missing, as far as the next events show."""
    uncovered = {(first.event_type, path) for path in first.paths}
    for event, _ in zip(rest, range(_LOOKED_AT_MAX), strict=False):
        try:
            scrubber.scrub(event)
        except Uncovered as another:
            uncovered |= {(another.event_type, path) for path in another.paths}
        except ValueError:
            continue  # comes up again once the rules are there
    lines = "\n".join(f"  {kind}: {path}" for kind, path in sorted(uncovered))
    return InvalidInput(f"nothing was written: no rule says what becomes of\n{lines}", file=rules)
