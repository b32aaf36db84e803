"""What is decided of two Protobuf schemas, against an oracle that tries every event there is over a few values.

The oracle shares nothing with the harness but Protobuf's runtime: it sets attributes, and compares attributes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto as F  # type: ignore[import-untyped]
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool  # type: ignore[import-untyped]
from google.protobuf.json_format import ParseDict  # type: ignore[import-untyped]
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from google.protobuf.message_factory import GetMessageClass  # type: ignore[import-untyped]
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.schemas.decision import Compatibility
from harness.schemas.protobuf import ProtobufFormat, ProtobufSchema

INTEGERS = (0, 1, 2, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64 - 1, -1, -(2**31), -(2**31) - 1)
VALUES: dict[int, tuple[object, ...]] = {
    **{
        kind: tuple(value for value in INTEGERS if first <= value <= last)
        for kinds, first, last in (
            ((F.TYPE_INT32, F.TYPE_SINT32, F.TYPE_SFIXED32), -(2**31), 2**31 - 1),
            ((F.TYPE_INT64, F.TYPE_SINT64, F.TYPE_SFIXED64), -(2**63), 2**63 - 1),
            ((F.TYPE_UINT32, F.TYPE_FIXED32), 0, 2**32 - 1),
            ((F.TYPE_UINT64, F.TYPE_FIXED64), 0, 2**64 - 1),
        )
        for kind in kinds
    },
    F.TYPE_BOOL: (False, True),
    F.TYPE_FLOAT: (0.0, 0.5, -2.0, math.inf),
    F.TYPE_DOUBLE: (0.0, 0.5, -2.0, math.inf),
    F.TYPE_STRING: ("", "a", "é"),
    F.TYPE_BYTES: (b"", b"a", b"\xff"),
}


@dataclass(frozen=True)
class OneField:
    number: int
    kind: int
    label: int
    presence: bool = False
    in_oneof: bool = False


@dataclass(frozen=True)
class Small:
    """A message with at most two fields, and a oneof of those that are in it."""

    syntax: str
    fields: tuple[OneField, ...]

    def described(self) -> bytes:
        files = FileDescriptorSet()
        file = files.file.add(name="small.proto", syntax=self.syntax)
        message = file.message_type.add(name="Event")
        if any(field.in_oneof for field in self.fields):
            message.oneof_decl.add(name="choice")
        for field in self.fields:
            made = message.field.add(name=f"f{field.number}", number=field.number, type=field.kind, label=field.label)
            if field.in_oneof:
                made.oneof_index = 0
            elif field.presence and self.syntax == "proto3" and field.label == F.LABEL_OPTIONAL:
                made.proto3_optional = True
                made.oneof_index = len(message.oneof_decl)
                message.oneof_decl.add(name=f"_f{field.number}")
        encoded: bytes = files.SerializeToString()
        return encoded

    def schema(self) -> ProtobufSchema:
        return ProtobufFormat().parse(self.described(), Path("small.desc"))

    def message_class(self) -> Any:
        pool = DescriptorPool()
        pool.AddSerializedFile(FileDescriptorSet.FromString(self.described()).file[0].SerializeToString())
        return GetMessageClass(pool.FindMessageTypeByName("Event"))


@st.composite
def smalls(draw: st.DrawFn) -> Small:
    syntax = draw(st.sampled_from(("proto2", "proto3")))
    labels = [F.LABEL_OPTIONAL, F.LABEL_REPEATED, *([F.LABEL_REQUIRED] if syntax == "proto2" else [])]
    oneof = draw(st.booleans())
    fields = []
    for number in draw(st.sampled_from(((1,), (1, 2)))):
        kind = draw(st.sampled_from(sorted(VALUES)))
        label = draw(st.sampled_from(labels))
        fields.append(OneField(number, kind, label, draw(st.booleans()), oneof and label == F.LABEL_OPTIONAL))
    return Small(syntax, tuple(fields))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Small, Small]:
    """Two that have more in common than two by chance."""
    one, other = draw(smalls()), draw(smalls())
    kept = draw(st.sampled_from(("nothing", "kinds", "labels")))
    if kept == "nothing" or len(one.fields) != len(other.fields):
        return one, other
    fields = tuple(
        OneField(
            left.number,
            left.kind if kept == "kinds" else right.kind,
            left.label if kept == "labels" and one.syntax == other.syntax else right.label,
            right.presence,
            right.in_oneof and left.label == right.label == F.LABEL_OPTIONAL,
        )
        for left, right in zip(one.fields, other.fields, strict=True)
    )
    return one, Small(other.syntax, fields)


def events(writer: Small) -> Iterator[Any]:
    """All that can be written with the values above; of a list no, one or two elements."""
    made = writer.message_class()
    for values in product(*(choices(field) for field in writer.fields)):
        event = made()
        for field, value in zip(writer.fields, values, strict=True):
            if isinstance(value, list):
                getattr(event, f"f{field.number}").extend(value)
            elif value is not None:
                setattr(event, f"f{field.number}", value)
        yield event


def choices(field: OneField) -> list[object]:
    values = VALUES[field.kind]
    if field.label == F.LABEL_REPEATED:
        return [[], *([value] for value in values), [values[0], values[-1]]]
    return list(values) if field.label == F.LABEL_REQUIRED else [None, *values]


def misread(event: Any, reader: Small, writer: Small) -> bool:
    try:
        read = reader.message_class().FromString(event.SerializeToString())
    except DecodeError:
        return True
    kinds = {field.number: field.kind for field in reader.fields}
    names = [f"f{field.number}" for field in writer.fields if field.number in kinds]
    texts = {f"f{number}" for number, kind in kinds.items() if kind == F.TYPE_STRING}
    return not read.IsInitialized() or any(differs(event, read, name, name in texts) for name in names)


def differs(event: Any, read: Any, name: str, is_text: bool) -> bool:
    written, found = seen(event, name), seen(read, name)
    if is_text and any(isinstance(value, bytes) for value in found):
        return True
    left, right = [plain(value) for value in written], [plain(value) for value in found]
    # A zero without presence is not told from nothing.
    return left != right and not (zero(left) and not right and lacks_presence(read, name))


def seen(message: Any, name: str) -> list[object]:
    """What is there, as a list; of what has no presence, whatever is not zero."""
    descriptor = message.DESCRIPTOR.fields_by_name[name]
    value = getattr(message, name)
    if descriptor.is_repeated:
        return list(value)
    there = message.HasField(name) if descriptor.has_presence else bool(value)
    return [value] if there else []


def plain(value: object) -> object:
    return value.encode() if isinstance(value, str) else value


def zero(values: list[object]) -> bool:
    return len(values) == 1 and not values[0]


def lacks_presence(message: Any, name: str) -> bool:
    descriptor = message.DESCRIPTOR.fields_by_name[name]
    return not descriptor.is_repeated and not descriptor.has_presence


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pairs())
def test_it_is_incompatible_if_and_only_if_some_event_is_misread(pair: tuple[Small, Small]) -> None:
    reader, writer = pair
    decision = ProtobufFormat().decide(reader.schema(), writer.schema())
    wrong = next((event for event in events(writer) if misread(event, reader, writer)), None)
    expected = Compatibility.COMPATIBLE if wrong is None else Compatibility.INCOMPATIBLE
    assert decision.compatibility is expected, (decision, wrong)


@settings(max_examples=100, deadline=None)
@given(pairs())
def test_a_witness_is_an_event_of_the_writer_that_the_reader_misreads(pair: tuple[Small, Small]) -> None:
    reader, writer = pair
    witness = ProtobufFormat().decide(reader.schema(), writer.schema()).witness
    if witness is None:
        return
    event = writer.message_class().FromString(bytes.fromhex(witness.encoded_hex))
    assert event.IsInitialized()
    assert ParseDict(witness.event, type(event)()).SerializeToString() == event.SerializeToString()
    assert misread(event, reader, writer)


@settings(max_examples=50, deadline=None)
@given(smalls())
def test_a_schema_reads_what_it_wrote(small: Small) -> None:
    decision = ProtobufFormat().decide(small.schema(), small.schema())
    assert decision.compatibility is Compatibility.COMPATIBLE
    assert not decision.rule
    assert decision.effort.generated
