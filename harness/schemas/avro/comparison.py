"""Two Avro schemas side by side: every place where the reader's refuses what the writer's admits, and the way there.

The walk is breadth first, so the way to a difference is as short as it can be, and each pair of types is met once, so
it ends for recursive schemas and takes time in proportion to the pairs that there are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from harness.schemas.avro.costs import Costs
from harness.schemas.avro.events import Events, Trail
from harness.schemas.avro.matching import Matching, names_match, promotes
from harness.schemas.avro.model import (
    Array,
    Datum,
    Enumeration,
    Fixed,
    Map,
    Named,
    Primitive,
    Record,
    Type,
    Union,
    kind_of,
    listed,
    said,
)
from harness.schemas.avro.rules import Rule


@dataclass(frozen=True)
class Mismatch:
    """A place where an event may stand that the reader refuses."""

    rule: Rule
    path: str
    """JSON Pointer in the reader's schema."""
    writer_path: str
    reason: str
    trail: Trail
    aims: tuple[Datum, ...] = ()
    """Values that are refused at the end of the trail; any value of the writer's is if there are none."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """A part of the writer's schema that is read by a part of the reader's, and the way to it in the writer's."""

    reader: Type
    writer: Type
    trail: Trail


@dataclass(frozen=True)
class Comparison:
    meetings: tuple[Meeting, ...]
    mismatches: tuple[Mismatch, ...]


Found: TypeAlias = "Mismatch | Meeting"


def compare(matching: Matching, costs: Costs) -> Comparison:
    """`costs` are the writer's. What no event reaches (a branch that cannot have a value) is not compared."""
    return _Walk(matching, costs).walk()


class _Walk:
    def __init__(self, matching: Matching, costs: Costs) -> None:
        self._matching = matching
        self._reader, self._writer = matching.reader, matching.writer
        self._costs = costs
        self._events = Events(matching.writer, costs)
        self._seen: set[tuple[Type, Type]] = set()

    def walk(self) -> Comparison:
        waiting = deque([Meeting(self._reader.root, self._writer.root, ())])
        meetings: list[Meeting] = []
        mismatches: list[Mismatch] = []
        while waiting:
            meeting = self._resolved(waiting.popleft())
            pair = (meeting.reader, meeting.writer)
            if pair in self._seen or not self._costs.possible(meeting.writer):
                continue
            self._seen.add(pair)
            meetings.append(meeting)
            for found in self._compare(meeting):
                if isinstance(found, Meeting):
                    waiting.append(found)
                else:
                    mismatches.append(found)
        return Comparison(tuple(meetings), tuple(mismatches))

    def _resolved(self, meeting: Meeting) -> Meeting:
        reader, writer = self._reader.target(meeting.reader), self._writer.target(meeting.writer)
        if reader is meeting.reader and writer is meeting.writer:
            return meeting
        return Meeting(reader, writer, meeting.trail)

    def _compare(self, meeting: Meeting) -> Iterator[Found]:
        reader, writer, trail = meeting.reader, meeting.writer, meeting.trail
        match reader, writer:
            case Primitive(kind=read), Primitive(kind=written) if promotes(
                read, written
            ):  # most are, so it comes first
                pass
            case _, Union():
                yield from self._writer_union(reader, writer, trail)
            case Union(), _:
                yield self._reader_union(reader, writer, trail)
            case Array(), Array():
                yield Meeting(reader.items, writer.items, (*trail, 0))
            case Map(), Map():
                yield Meeting(reader.values, writer.values, (*trail, 0))
            case Named(), Named() if kind_of(reader) == kind_of(writer):
                yield from self._named(reader, writer, trail)
            case _:
                reason = f"the writer's {said(writer)} is not read as {said(reader)}"
                yield Mismatch(Rule.TYPE, reader.path, writer.path, reason, trail)

    def _writer_union(self, reader: Type, writer: Union, trail: Trail) -> Iterator[Found]:
        """Each branch must be read."""
        for number, written in enumerate(writer.branches):
            branch = self._writer.target(written)
            way = (*trail, number)
            if isinstance(reader, Union) or self._matching.matches(reader, branch):
                yield Meeting(reader, branch, way)
            elif self._costs.possible(branch):
                reason = f"the writer's union may hold {said(branch)}, which is not read as {said(reader)}"
                yield Mismatch(Rule.UNION_BRANCH, reader.path, branch.path, reason, way)

    def _reader_union(self, reader: Union, writer: Type, trail: Trail) -> Found:
        branch = self._matching.branch_for(reader, writer)
        if branch is not None:
            return Meeting(branch, writer, trail)
        reason = f"no branch of the reader's {said(reader)} reads the writer's {said(writer)}"
        return Mismatch(Rule.UNION_BRANCH, reader.path, writer.path, reason, trail)

    def _named(self, reader: Named, writer: Named, trail: Trail) -> Iterator[Found]:
        if not names_match(reader, writer):
            reason = f"the writer's {said(writer)} is not {said(reader)}, and none of its aliases"
            yield Mismatch(Rule.NAME, f"{reader.path}/name", f"{writer.path}/name", reason, trail)
            return
        match reader, writer:
            case Fixed(), Fixed() if reader.size != writer.size:
                reason = f"{said(writer)} has {writer.size} bytes where {reader.size} are read"
                yield Mismatch(Rule.FIXED_SIZE, f"{reader.path}/size", f"{writer.path}/size", reason, trail)
            case Enumeration(), Enumeration():
                yield from _symbols(reader, writer, trail)
            case Record(), Record():
                yield from self._record(reader, writer, trail)

    def _record(self, reader: Record, writer: Record, trail: Trail) -> Iterator[Found]:
        pairs = self._matching.fields(reader, writer)
        for field in pairs.missing:
            if field.default is None:
                reason = f"{writer.name} as it was written has no field {field.name!r}, and the reader has no default"
                yield Mismatch(Rule.MISSING_DEFAULT, field.path, writer.path, reason, trail)
        for written, read in pairs.clashes:
            reason = f"the alias {written.name!r} would be read into {read.name!r}, which another field is read into"
            aims = tuple(self._events.with_distinct(writer, written))
            yield Mismatch(Rule.FIELD_ALIAS, f"{read.path}/aliases", written.path, reason, trail, aims)
        for number, (written, reads) in enumerate(pairs.read):
            if reads is not None:
                yield Meeting(reads.type, written.type, (*trail, number))


def _symbols(reader: Enumeration, writer: Enumeration, trail: Trail) -> Iterator[Mismatch]:
    if reader.default is not None:
        return
    known = set(reader.symbols)
    missing = [symbol for symbol in writer.symbols if symbol not in known]
    if missing:
        reason = f"{listed(missing)} of {writer.name} cannot be read: the reader has no such symbol and no default"
        path, writer_path = f"{reader.path}/symbols", f"{writer.path}/symbols"
        yield Mismatch(Rule.ENUM_SYMBOLS, path, writer_path, reason, trail, tuple(missing))
