"""A Protobuf schema as values: its message and enum types by full name, without the runtime's own objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

Scalar: TypeAlias = bool | int | float | str | bytes
Tree: TypeAlias = "Mapping[int, Value]"
"""An event: the values that are set, by field number. A map is a list of entries with the numbers 1 and 2."""
Item: TypeAlias = "Scalar | Tree"
Value: TypeAlias = "Scalar | Tree | Sequence[Scalar | Tree]"

KEY, VALUE = 1, 2
"""The field numbers of a map's entry."""


class Kind(Enum):
    """A field's type, by the number that descriptors have for it."""

    DOUBLE = 1
    FLOAT = 2
    INT64 = 3
    UINT64 = 4
    INT32 = 5
    FIXED64 = 6
    FIXED32 = 7
    BOOL = 8
    STRING = 9
    GROUP = 10
    MESSAGE = 11
    BYTES = 12
    UINT32 = 13
    ENUM = 14
    SFIXED32 = 15
    SFIXED64 = 16
    SINT32 = 17
    SINT64 = 18

    @property
    def word(self) -> str:
        """As it is written in a .proto file."""
        return self.name.lower()

    def has_defaults_like(self, other: Kind) -> bool:
        """Whether both have numbers, or both have text or bytes, so that their defaults can be compared."""
        return _FAMILIES[self] is not None and _FAMILIES[self] == _FAMILIES[other]


_FAMILIES: Mapping[Kind, str | None] = {
    **dict.fromkeys(Kind, "number"),
    **dict.fromkeys((Kind.STRING, Kind.BYTES), "text"),
    **dict.fromkeys((Kind.MESSAGE, Kind.GROUP), None),
}

RANGES: Mapping[Kind, tuple[int, int]] = {
    **dict.fromkeys((Kind.INT32, Kind.SINT32, Kind.SFIXED32, Kind.ENUM), (-(2**31), 2**31 - 1)),
    **dict.fromkeys((Kind.UINT32, Kind.FIXED32), (0, 2**32 - 1)),
    **dict.fromkeys((Kind.INT64, Kind.SINT64, Kind.SFIXED64), (-(2**63), 2**63 - 1)),
    **dict.fromkeys((Kind.UINT64, Kind.FIXED64), (0, 2**64 - 1)),
    Kind.BOOL: (0, 1),
}
"""The whole numbers that a field of this kind can hold, first and last."""

WIRE_GROUPS: tuple[frozenset[Kind], ...] = (
    frozenset({Kind.INT32, Kind.INT64, Kind.UINT32, Kind.UINT64, Kind.BOOL, Kind.ENUM}),
    frozenset({Kind.SINT32, Kind.SINT64}),
    frozenset({Kind.FIXED32, Kind.SFIXED32}),
    frozenset({Kind.FIXED64, Kind.SFIXED64}),
)
"""Kinds that are encoded alike, so that what one wrote the other takes for a value of its own."""


def same(left: Value | None, right: Value | None) -> bool:
    """Whether two values are one: a text and its bytes are, and so are 1, 1.0 and true. Not a number is itself."""
    if isinstance(left, str) and isinstance(right, bytes):
        return left.encode() == right
    if isinstance(left, bytes) and isinstance(right, str):
        return left == right.encode()
    return left == right or (left != left and right != right)  # noqa: PLR0124


class Cardinality(Enum):
    IMPLICIT = "implicit"
    """Singular, and what is zero is not written."""
    OPTIONAL = "optional"
    REQUIRED = "required"
    REPEATED = "repeated"
    MAP = "map"

    @property
    def many(self) -> bool:
        return self in (Cardinality.REPEATED, Cardinality.MAP)


@dataclass(frozen=True)
class Field:
    """One field. `type_name` is the full name of its message or enum, empty for scalars."""

    name: str
    full_name: str
    json_name: str
    number: int
    kind: Kind
    cardinality: Cardinality
    default: Scalar | None
    """What is read where nothing was written; None for messages and for what is repeated."""
    type_name: str = ""
    oneof: str = ""
    is_extension: bool = False

    @property
    def holds_messages(self) -> bool:
        return self.kind in (Kind.MESSAGE, Kind.GROUP)

    @property
    def described(self) -> str:
        """As a declaration says it: `repeated int32`, `Money`, `map`."""
        kind = self.type_name.rpartition(".")[2] if self.type_name else self.kind.word
        return "map" if self.cardinality is Cardinality.MAP else f"{self.cardinality.value} {kind}"


@dataclass(frozen=True)
class MessageType:
    name: str
    fields: Mapping[int, Field]
    """By number; extensions that the schema's files define are among them."""
    reserved_numbers: tuple[range, ...] = ()
    reserved_names: frozenset[str] = frozenset()

    def reserves(self, number: int) -> bool:
        return any(number in numbers for numbers in self.reserved_numbers)


@dataclass(frozen=True)
class EnumType:
    """A closed one (proto2) takes no number but its own; an open one (proto3) keeps every other as it is."""

    name: str
    names: Mapping[int, tuple[str, ...]]
    closed: bool


@dataclass(frozen=True)
class Types:
    """All types that can be reached from a schema's message."""

    root: str
    messages: Mapping[str, MessageType]
    enums: Mapping[str, EnumType]

    @property
    def message(self) -> MessageType:
        return self.messages[self.root]

    def message_of(self, holder: Field) -> MessageType:
        return self.messages[holder.type_name]

    def enum_of(self, holder: Field) -> EnumType:
        return self.enums[holder.type_name]
