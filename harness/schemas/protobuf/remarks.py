"""What is worth knowing of a pair of schemas and decides nothing: renames, numbers that nobody reserves, …"""

from __future__ import annotations

from collections.abc import Iterator

from harness.schemas.protobuf.model import Cardinality, Kind
from harness.schemas.protobuf.pairing import Encoding, Pair, PairedTypes, Pairing

OPAQUE = "google.protobuf.Any"


def remarks(pairing: Pairing) -> Iterator[str]:
    """In the order of the schema. `pairing` is that of the wire."""
    assert pairing.encoding is Encoding.WIRE
    for meeting in pairing.meetings:
        types = meeting.types
        for pair in types.pairs:
            yield from _of_pair(pair, pairing)
        yield from _unread(types)
        yield from _reserved(types)
        if types.reader.name == OPAQUE:
            holder = meeting.path[-1].full_name if meeting.path else OPAQUE
            yield f"{holder}: what an Any holds is not looked into"


def _of_pair(pair: Pair, pairing: Pairing) -> Iterator[str]:
    reader, writer = pair.reader, pair.writer
    if reader.name != writer.name:
        yield f"{reader.full_name}: was {writer.name} under the same number; on the wire a name means nothing"
    if reader.oneof != writer.oneof:
        yield f"{reader.full_name}: {_alternatives(writer.oneof)} for the writer, {_alternatives(reader.oneof)} here"
    maps = Cardinality.MAP in (reader.cardinality, writer.cardinality)
    if {reader.cardinality, writer.cardinality} == {Cardinality.IMPLICIT, Cardinality.OPTIONAL}:
        yield f"{reader.full_name}: whether a zero was written is known to one side only"
    if reader.cardinality.many != writer.cardinality.many:
        yield f"{reader.full_name}: {writer.cardinality.value} for the writer, {reader.cardinality.value} here"
    if pair.both_hold_messages and not maps and _last(reader.type_name) != _last(writer.type_name):
        yield f"{reader.full_name}: {_last(writer.type_name)} is read as {_last(reader.type_name)}"
    if reader.kind is Kind.ENUM and writer.kind is Kind.ENUM:
        yield from _of_enums(pair, pairing)


def _of_enums(pair: Pair, pairing: Pairing) -> Iterator[str]:
    read, written = pairing.reader.enum_of(pair.reader), pairing.writer.enum_of(pair.writer)
    for number, names in written.names.items():
        if number not in read.names:
            yield f"{pair.reader.full_name}: {names[0]} = {number} has no name here"
        elif not set(names) & set(read.names[number]):
            yield f"{pair.reader.full_name}: {names[0]} = {number} is called {read.names[number][0]} here"


def _unread(types: PairedTypes) -> Iterator[str]:
    for number, field in types.writer.fields.items():
        if number in types.reader.fields:
            continue
        if not types.reader.reserves(number):
            yield (
                f"{field.full_name}: number {number} is unknown to the reader, which does not reserve it; if the field "
                f"was removed, reserve its number"
            )
        elif field.name not in types.reader.reserved_names:
            yield f"{field.full_name}: the reader reserves its number, but not its name, which JSON goes by"


def _reserved(types: PairedTypes) -> Iterator[str]:
    for number, field in types.reader.fields.items():
        again = [
            *([f"number {number}"] if types.writer.reserves(number) else []),
            *([f"name {field.name!r}"] if field.name in types.writer.reserved_names else []),
        ]
        for what in again:
            yield (
                f"{field.full_name}: the writer reserves its {what}; if the writer is the older one, what was removed "
                f"long ago is read as this field"
            )


def _alternatives(oneof: str) -> str:
    return f"one of {oneof}" if oneof else "independent"


def _last(name: str) -> str:
    return name.rpartition(".")[2]
