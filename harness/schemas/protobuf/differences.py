"""Where a reader's types differ from a writer's in a way that may matter to what is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.schemas.protobuf.misreading import Fate, Misreading
from harness.schemas.protobuf.model import RANGES, WIRE_GROUPS, Cardinality, Field, Kind
from harness.schemas.protobuf.pairing import Encoding, Meeting, Pair, PairedTypes, Pairing


@dataclass(frozen=True)
class Difference:
    """`writers` are the writer's fields that an event must have set to show it, all of them at once.

    None for a field that only the reader has, and requires.
    """

    meeting: Meeting
    rule: str
    reader: Field
    writers: tuple[Field, ...] = ()


def find_differences(pairing: Pairing) -> Iterator[Difference]:
    for meeting in pairing.meetings:
        types = meeting.types
        for pair in types.pairs:
            if rule := rule_of(pair, pairing):
                yield Difference(meeting, rule, pair.reader, (pair.writer,))
        for left, right in _excluding(types):
            yield Difference(meeting, "oneof", left.reader, (left.writer, right.writer))
        known = {pair.reader.number for pair in types.pairs}
        for field in types.required:
            if field.number not in known:
                yield Difference(meeting, "required", field)


def rule_of(pair: Pair, pairing: Pairing) -> str:
    """The rule that two fields differ by, in the order in which it tells most; empty if they do not."""
    reader, writer = pair.reader, pair.writer
    if pair.moved and pairing.encoding is Encoding.WIRE:
        return "number"
    if pairing.encoding is Encoding.JSON and writer.json_name not in (reader.json_name, reader.name):
        return "json-name"
    if reader.cardinality is Cardinality.REQUIRED and writer.cardinality is not Cardinality.REQUIRED:
        return "required"
    if reader.cardinality.many != writer.cardinality.many:
        return "cardinality"
    if Cardinality.MAP in (reader.cardinality, writer.cardinality) and reader.cardinality is not writer.cardinality:
        return "map"
    return _type_rule(reader, writer, pairing) or ("default" if pair.matters_unset else "")


def _type_rule(reader: Field, writer: Field, pairing: Pairing) -> str:
    if reader.kind is Kind.ENUM and writer.kind is Kind.ENUM:
        return _enum_rule(reader, writer, pairing)
    if reader.kind is writer.kind or {reader.kind, writer.kind} <= {Kind.STRING, Kind.BYTES}:
        return "" if reader.kind is writer.kind else "string-bytes"
    if any({reader.kind, writer.kind} <= group for group in WIRE_GROUPS):
        return "range" if _narrower(reader.kind, writer.kind) else "integer-type"
    return "type"


def _narrower(reader: Kind, writer: Kind) -> bool:
    (first, last), (writer_first, writer_last) = RANGES[reader], RANGES[writer]
    return writer_first < first or last < writer_last


def _enum_rule(reader: Field, writer: Field, pairing: Pairing) -> str:
    read, written = pairing.reader.enum_of(reader), pairing.writer.enum_of(writer)
    if read.closed and not written.closed:
        return "enum-closed"
    if pairing.encoding is Encoding.JSON:
        names = {name for each in read.names.values() for name in each}
        return "enum-names" if any(each[0] not in names for each in written.names.values()) else ""
    return "enum-values" if read.closed and written.names.keys() - read.names.keys() else ""


def _excluding(types: PairedTypes) -> Iterator[tuple[Pair, Pair]]:
    """Neighbours of which the reader keeps one, where the writer may set both."""
    members = [pair for pair in types.pairs if pair.reader.oneof]
    for place, left in enumerate(members):
        for right in members[place + 1 :]:
            together = left.writer.oneof and left.writer.oneof == right.writer.oneof
            if left.reader.oneof == right.reader.oneof and not together and left.reader is not right.reader:
                yield left, right
                break


def rule_of_misreading(misreading: Misreading, pairing: Pairing) -> str:
    if misreading.writer is None:
        return "required"
    rule = rule_of(Pair(misreading.reader, misreading.writer), pairing)
    if rule in ("", "default") and misreading.reader.oneof and misreading.fate is Fate.LOST:
        return "oneof"
    return rule or "value"
