"""What is worth knowing of a pair of Avro schemas and does not decide it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.schemas.avro.comparison import Comparison, Meeting
from harness.schemas.avro.defaults import default_of
from harness.schemas.avro.matching import Matching
from harness.schemas.avro.model import Field, Primitive, Record, Union
from harness.schemas.avro.reading import without_branches

NOTES_MAX = 12

_PROMOTED: Mapping[tuple[str, str], str] = {
    ("int", "float"): "loses precision beyond 24 bits: 16777217 becomes 16777216",
    ("long", "float"): "loses precision beyond 24 bits: 16777217 becomes 16777216",
    ("long", "double"): "loses precision beyond 53 bits: 9007199254740993 becomes 9007199254740992",
    ("bytes", "string"): "is refused for bytes that are not UTF-8, such as ff",
}


def notes_on(matching: Matching, compared: Comparison) -> tuple[str, ...]:
    notes = list(dict.fromkeys(note for meeting in compared.meetings for note in _of(matching, meeting)))
    left_out = len(notes) - NOTES_MAX
    return (*notes[:NOTES_MAX], *([f"and {left_out} more notes"] if left_out > 0 else []))


def _of(matching: Matching, meeting: Meeting) -> Iterator[str]:
    reader, writer = meeting.reader, meeting.writer
    place = reader.path or "the root"
    if reader.logical != writer.logical and not isinstance(reader, Union) and not isinstance(writer, Union):
        read, written = reader.logical or "none", writer.logical or "none"
        yield f"logical type at {place}: what is written as {written} is read as {read}; the plain values are the same"
    match reader, writer:
        case Union(), Primitive():
            yield from _choice(matching, reader, writer)
        case Primitive(kind=read), Primitive(kind=written) if (written, read) in _PROMOTED:
            yield f"promotion at {place}: {written} to {read} {_PROMOTED[written, read]}"
        case Record(), Record():
            for field in matching.fields(reader, writer).missing:
                yield from _default(matching, field)


def _choice(matching: Matching, reader: Union, writer: Primitive) -> Iterator[str]:
    chosen, other = matching.branch_for(reader, writer), matching.branch_of_same_kind(reader, writer)
    if other is not None and isinstance(chosen, Primitive) and chosen is not other:
        place = reader.path or "the root"
        yield f"union at {place}: {writer.kind} is read as {chosen.kind}, the first branch that can, by some libraries"


def _default(matching: Matching, field: Field) -> Iterator[str]:
    if field.default is None:
        return
    value = without_branches(default_of(matching.reader, field.type, field.default.json))
    if value != field.default.json:
        yield f"default at {field.path}: fastavro gives the JSON of the schema as it is, other libraries {value!r:.60}"
