"""An Avro schema that was read: types as values, each with its place in the text.

The words are those of the Avro specification. Named types refer to each other, and to themselves, by full name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from harness.schemas.decision import Json

Datum: TypeAlias = "bool | int | float | str | bytes | list[Datum] | dict[str, Datum] | Branch | None"
"""A value as fastavro takes it; where a schema has a union, a Branch."""


class Branch(NamedTuple):
    """A value of a union, and which branch it is of. fastavro takes such pairs, and guesses the branch of others."""

    name: str
    """As in Avro's JSON encoding: a full name, or the kind of a type without a name."""
    datum: Datum


class Name(str):
    """A full name: `com.example.Order`."""

    __slots__ = ()

    @property
    def unqualified(self) -> str:
        return self.rpartition(".")[2]

    @property
    def namespace(self) -> str:
        return self.rpartition(".")[0]


# Types are compared by identity: two parts of a schema that look the same stand in different places.


@dataclass(frozen=True, eq=False, slots=True)
class Type:
    """`path` is its JSON Pointer in the schema; `logical` its logical type and its parameters, `decimal(9, 2)`."""

    path: str
    logical: str = field(default="", kw_only=True)


@dataclass(frozen=True, eq=False, slots=True)
class Primitive(Type):
    kind: str


@dataclass(frozen=True, eq=False, slots=True)
class Array(Type):
    items: Type


@dataclass(frozen=True, eq=False, slots=True)
class Map(Type):
    values: Type


@dataclass(frozen=True, eq=False, slots=True)
class Union(Type):
    branches: tuple[Type, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Reference(Type):
    """Stands where a named type is used that is defined elsewhere in the schema."""

    name: Name


@dataclass(frozen=True, eq=False, slots=True)
class Named(Type):
    name: Name
    aliases: tuple[Name, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Fixed(Named):
    size: int


@dataclass(frozen=True, eq=False, slots=True)
class Enumeration(Named):
    symbols: tuple[str, ...]
    default: str | None


@dataclass(frozen=True, slots=True)
class Default:
    """A field's default, as it stands in the schema."""

    json: Json


@dataclass(frozen=True, eq=False, slots=True)
class Field:
    path: str
    name: str
    aliases: tuple[str, ...]
    type: Type
    default: Default | None


@dataclass(frozen=True, eq=False, slots=True)
class Record(Named):
    fields: tuple[Field, ...]


@dataclass(frozen=True, eq=False, slots=True)
class AvroSchema:
    """`bare` is the schema in JSON without documentation, logical types and the like: what fastavro is given."""

    root: Type
    named: Mapping[Name, Named]
    bare: Json

    @property
    def name(self) -> str:
        return str(self.root.name) if isinstance(self.root, Named) else ""

    def target(self, type_: Type) -> Type:
        """The type itself, or the one that it refers to."""
        return self.named[type_.name] if isinstance(type_, Reference) else type_


def kind_of(type_: Type) -> str:
    """Its kind in the specification's words: `int`, `array`, `record`, …"""
    match type_:
        case Primitive():
            return type_.kind
        case Array():
            return "array"
        case Map():
            return "map"
        case Union():
            return "union"
        case Fixed():
            return "fixed"
        case Enumeration():
            return "enum"
        case Record():
            return "record"
        case _:
            return "reference"


def branch_name(type_: Type) -> str:
    """What a union's branch is called in Avro's JSON encoding."""
    return str(type_.name) if isinstance(type_, (Named, Reference)) else kind_of(type_)


def said(type_: Type) -> str:
    """A type for people: `int`, `record Order`, `union of null and string`."""
    match type_:
        case Union() if not type_.branches:
            return "empty union"
        case Union():
            return f"union of {listed([said(branch) for branch in type_.branches])}"
        case Array():
            return f"array of {said(type_.items)}"
        case Map():
            return f"map of {said(type_.values)}"
        case Reference():
            return str(type_.name)
        case Named():
            return f"{kind_of(type_)} {type_.name}"
        case _:
            return kind_of(type_)


def listed(words: list[str], most: int = 6) -> str:
    """`a, b and c`; what is beyond `most` is counted."""
    shown = words if len(words) <= most else [*words[: most - 1], f"{len(words) - most + 1} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
