"""Protobuf's own runtime, on messages made from descriptors: what it writes, refuses and reads is judged by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto  # type: ignore[import-untyped]
from google.protobuf.descriptor_pool import DescriptorPool  # type: ignore[import-untyped]
from google.protobuf.json_format import (  # type: ignore[import-untyped]
    MessageToDict,
    ParseDict,
    ParseError,
    SerializeToJsonError,
)
from google.protobuf.message import DecodeError, EncodeError  # type: ignore[import-untyped]
from google.protobuf.message_factory import GetMessageClass  # type: ignore[import-untyped]

from harness.errors import InvalidInput
from harness.schemas.decision import Json
from harness.schemas.protobuf.model import (
    KEY,
    VALUE,
    Cardinality,
    EnumType,
    Field,
    Item,
    Kind,
    MessageType,
    Tree,
    Types,
    Value,
)
from harness.schemas.protobuf.source import Files


class Refused(Exception):
    """The runtime does not read it; the message is its own."""


class NotAnEvent(Exception):
    """The writer itself cannot write it."""


@dataclass(frozen=True)
class Reading:
    """What was read, and which required fields were not there: most languages' runtimes refuse it for that."""

    event: Tree
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Runtime:
    """Encodes and decodes events of one schema."""

    types: Types
    pool: Any
    message_class: Any
    extensions: Mapping[str, Any]
    """Descriptors by full name: an extension is no attribute of its message."""

    # ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────

    def encode(self, event: Tree) -> bytes:
        """Raises NotAnEvent."""
        try:
            encoded: bytes = self._message(event).SerializeToString(deterministic=True)
        except EncodeError as error:
            raise NotAnEvent(str(error)) from error
        return encoded

    def encode_part(self, holder: Field, part: Tree) -> bytes:
        """As the message of a field is embedded."""
        message = GetMessageClass(self.pool.FindMessageTypeByName(holder.type_name))()
        self._fill(message, part, self.types.message_of(holder))
        encoded: bytes = message.SerializePartialToString(deterministic=True)
        return encoded

    def to_json(self, event: Tree) -> dict[str, Json]:
        """Raises NotAnEvent for what JSON has no form for, a date after the year 9999 for example."""
        try:
            document: dict[str, Json] = MessageToDict(self._message(event), descriptor_pool=self.pool)
        except SerializeToJsonError as error:
            raise NotAnEvent(str(error)) from error
        return document

    def to_text(self, event: Tree) -> str:
        """In Protobuf's text format."""
        return str(self._message(event))

    def _message(self, event: Tree) -> Any:
        message = self.message_class()
        self._fill(message, event, self.types.message)
        return message

    def _fill(self, message: Any, event: Tree, kind: MessageType) -> None:
        for number, value in event.items():
            self._set(message, kind.fields[number], value)

    def _set(self, message: Any, target: Field, value: Value) -> None:
        if target.cardinality is Cardinality.MAP:
            self._set_map(self._holder(message, target), target, value)
        elif target.cardinality is Cardinality.REPEATED and target.holds_messages:
            for item in _trees(value):
                self._fill(self._holder(message, target).add(), item, self.types.message_of(target))
        elif target.cardinality is Cardinality.REPEATED:
            self._holder(message, target).extend(value)
        elif isinstance(value, dict):
            inner = self._holder(message, target)
            inner.SetInParent()
            self._fill(inner, value, self.types.message_of(target))
        elif target.is_extension:
            message.Extensions[self.extensions[target.full_name]] = value
        else:
            setattr(message, target.name, value)

    def _set_map(self, entries: Any, target: Field, value: Value) -> None:
        entry = self.types.message_of(target)
        for item in _trees(value):
            key = item.get(KEY, entry.fields[KEY].default)
            inner = item.get(VALUE, entry.fields[VALUE].default)
            if entry.fields[VALUE].holds_messages:
                self._fill(
                    entries[key], inner if isinstance(inner, dict) else {}, self.types.message_of(entry.fields[VALUE])
                )
            else:
                entries[key] = inner

    def _holder(self, message: Any, target: Field) -> Any:
        if target.is_extension:
            return message.Extensions[self.extensions[target.full_name]]
        return getattr(message, target.name)

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────

    def decode(self, encoded: bytes) -> Reading:
        """Raises Refused for what cannot be parsed."""
        try:
            return self._reading(self.message_class.FromString(encoded))
        except DecodeError as error:
            raise Refused(f"DecodeError: {error}") from error

    def from_json(self, document: Json, *, strict: bool = False) -> Reading:
        """Reads as a parser that ignores names it does not know, unless `strict`. Raises Refused."""
        message = self.message_class()
        try:
            ParseDict(document, message, ignore_unknown_fields=not strict, descriptor_pool=self.pool)
        except ParseError as error:
            raise Refused(f"ParseError: {error}") from error
        return self._reading(message)

    def _reading(self, message: Any) -> Reading:
        lacking = () if message.IsInitialized() else tuple(message.FindInitializationErrors())
        return Reading(self._tree(message, self.types.message), lacking)

    def _tree(self, message: Any, kind: MessageType) -> Tree:
        return {
            descriptor.number: self._value(kind.fields[descriptor.number], value)
            for descriptor, value in message.ListFields()
        }

    def _value(self, source: Field, value: Any) -> Value:
        if source.cardinality is Cardinality.MAP:
            inner = self.types.message_of(source).fields[VALUE]
            return [{KEY: key, VALUE: self._item(inner, item)} for key, item in value.items()]
        if source.cardinality is Cardinality.REPEATED:
            return [self._item(source, item) for item in value]
        return self._item(source, value)

    def _item(self, source: Field, item: Any) -> Item:
        plain: Item = self._tree(item, self.types.message_of(source)) if source.holds_messages else item
        return plain


def _trees(value: Value) -> Iterator[Tree]:
    assert isinstance(value, list)
    for item in value:
        assert isinstance(item, dict)
        yield item


# ── from descriptors ─────────────────────────────────────────────────────────────────────────────────────────────


def load(files: Files, message: str, source: Path | None = None) -> Runtime:
    """The runtime of the message of that full name. Raises InvalidInput for descriptors that do not fit together."""
    pool = DescriptorPool()
    try:
        for descriptor in files.descriptors:
            pool.AddSerializedFile(descriptor.SerializeToString())
    except TypeError as error:
        raise InvalidInput(f"its descriptors do not fit together: {error}", file=source) from error
    root = pool.FindMessageTypeByName(message)
    messages: dict[str, MessageType] = {}
    enums: dict[str, EnumType] = {}
    extensions: dict[str, Any] = {}
    waiting = [root]
    while waiting:
        descriptor = waiting.pop()
        if descriptor.full_name in messages:
            continue
        own = pool.FindAllExtensions(descriptor)
        extensions.update({each.full_name: each for each in own})
        found = (*descriptor.fields, *own)
        messages[descriptor.full_name] = _message_type(descriptor, found)
        waiting.extend(each.message_type for each in found if each.message_type is not None)
        enums.update({each.enum_type.full_name: _enum_type(each.enum_type) for each in found if each.enum_type})
    return Runtime(Types(message, messages, enums), pool, GetMessageClass(root), extensions)


def _message_type(descriptor: Any, found: tuple[Any, ...]) -> MessageType:
    declared = DescriptorProto()
    descriptor.CopyToProto(declared)
    return MessageType(
        descriptor.full_name,
        {each.number: _field(each) for each in sorted(found, key=lambda each: int(each.number))},
        tuple(range(each.start, each.end) for each in declared.reserved_range),
        frozenset(declared.reserved_name),
    )


def _field(descriptor: Any) -> Field:
    cardinality = _cardinality(descriptor)
    singular_scalar = not cardinality.many and descriptor.message_type is None
    named = descriptor.message_type or descriptor.enum_type
    return Field(
        name=descriptor.name,
        full_name=descriptor.full_name,
        json_name=f"[{descriptor.full_name}]" if descriptor.is_extension else descriptor.json_name,
        number=descriptor.number,
        kind=Kind(descriptor.type),
        cardinality=cardinality,
        default=descriptor.default_value if singular_scalar else None,
        type_name=named.full_name if named else "",
        oneof=_oneof(descriptor),
        is_extension=descriptor.is_extension,
    )


def _cardinality(descriptor: Any) -> Cardinality:
    if descriptor.is_repeated:
        is_map = descriptor.message_type is not None and descriptor.message_type.GetOptions().map_entry
        return Cardinality.MAP if is_map else Cardinality.REPEATED
    if descriptor.is_required:
        return Cardinality.REQUIRED
    return Cardinality.OPTIONAL if descriptor.has_presence else Cardinality.IMPLICIT


def _oneof(descriptor: Any) -> str:
    """Empty also for a oneof of one field, which excludes nothing; proto3 makes one for each `optional`."""
    holder = descriptor.containing_oneof
    return "" if holder is None or len(holder.fields) == 1 else str(holder.name)


def _enum_type(descriptor: Any) -> EnumType:
    names: dict[int, tuple[str, ...]] = {}
    for value in descriptor.values:
        names[value.number] = (*names.get(value.number, ()), value.name)
    return EnumType(descriptor.full_name, names, bool(descriptor.is_closed))
