"""Which part of a reader's schema reads which part of a writer's: "Schema Resolution" of the Avro specification.

Names match unqualified. A reader's alias counts as another name of its own: for a type its full name, for a field the
word as it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.schemas.avro.model import (
    Array,
    AvroSchema,
    Enumeration,
    Field,
    Fixed,
    Map,
    Named,
    Primitive,
    Record,
    Type,
    Union,
)

PROMOTIONS: Mapping[str, tuple[str, ...]] = {
    "int": ("long", "float", "double"),
    "long": ("float", "double"),
    "float": ("double",),
    "string": ("bytes",),
    "bytes": ("string",),
}
"""What else a primitive of the writer is read as."""


@dataclass(frozen=True)
class FieldPairs:
    """How a reader's record reads a writer's."""

    read: tuple[tuple[Field, Field | None], ...]
    """Each field of the writer, in its order, and that of the reader which takes it; None if it is ignored."""
    missing: tuple[Field, ...]
    """Fields of the reader that the writer does not have."""
    clashes: tuple[tuple[Field, Field], ...]
    """Fields of the writer that an alias would read into a field of the reader which reads another one already."""


class Matching:
    """The rules, for one reader and one writer. What was worked out once is kept: each event asks it again."""

    def __init__(self, reader: AvroSchema, writer: AvroSchema) -> None:
        self.reader = reader
        self.writer = writer
        self._branches: dict[tuple[Union, Type], Type | None] = {}
        self._fields: dict[tuple[Record, Record], FieldPairs] = {}

    def matches(self, reader: Type, writer: Type) -> bool:
        """Whether the two match as the specification says before it descends: records by name only, arrays by items."""
        match self.reader.target(reader), self.writer.target(writer):
            case Primitive(kind=read), Primitive(kind=written):  # most are, so it comes first
                return promotes(read, written)
            case (Union(), _) | (_, Union()):
                return True
            case Array(items=read_items), Array(items=written_items):
                return self.matches(read_items, written_items)
            case Map(values=read_values), Map(values=written_values):
                return self.matches(read_values, written_values)
            case Fixed() as fixed, Fixed() as other:
                return fixed.size == other.size and names_match(fixed, other)
            case (Enumeration() as named, Enumeration() as other_named) | (Record() as named, Record() as other_named):
                return names_match(named, other_named)
            case _:
                return False

    def branch_for(self, reader: Union, writer: Type) -> Type | None:
        """The branch of the reader's union that matches; that it reads the rest too is not yet said.

        The first, as the specification says; but where names match unqualified, one of the very same name goes before,
        without which a schema with two such names would not read itself.
        """
        if (reader, writer) not in self._branches:
            self._branches[reader, writer] = self._branch_for(reader, writer)
        return self._branches[reader, writer]

    def _branch_for(self, reader: Union, writer: Type) -> Type | None:
        matching = [branch for branch in reader.branches if self.matches(branch, writer)]
        written = self.writer.target(writer)
        same_name = (branch for branch in matching if _same_full_name(self.reader.target(branch), written))
        return next(same_name, matching[0] if matching else None)

    def branch_of_same_kind(self, reader: Union, writer: Type) -> Primitive | None:
        """The branch that a library takes which looks for the very primitive first, as several do."""
        written = self.writer.target(writer)
        if not isinstance(written, Primitive):
            return None
        primitives = (branch for branch in reader.branches if isinstance(branch, Primitive))
        return next((branch for branch in primitives if branch.kind == written.kind), None)

    def fields(self, reader: Record, writer: Record) -> FieldPairs:
        if (reader, writer) not in self._fields:
            self._fields[reader, writer] = _pair_fields(reader, writer)
        return self._fields[reader, writer]


def promotes(read: str, written: str) -> bool:
    """Whether a primitive of the kind `written` is read as one of the kind `read`."""
    return read == written or read in PROMOTIONS.get(written, ())


def _same_full_name(reader: Type, writer: Type) -> bool:
    return isinstance(reader, Named) and isinstance(writer, Named) and reader.name == writer.name


def names_match(reader: Named, writer: Named) -> bool:
    return reader.name.unqualified == writer.name.unqualified or writer.name in reader.aliases


def _pair_fields(reader: Record, writer: Record) -> FieldPairs:
    by_name = {field.name: field for field in reader.fields}
    by_alias = {alias: field for field in reader.fields for alias in field.aliases}
    taken = by_name.keys() & {field.name for field in writer.fields}
    pairs: list[tuple[Field, Field | None]] = []
    clashes: list[tuple[Field, Field]] = []
    for field in writer.fields:
        reads = by_name.get(field.name)
        if reads is None and (reads := by_alias.get(field.name)) is not None:
            if reads.name in taken:
                clashes.append((field, reads))
                reads = None
            else:
                taken.add(reads.name)
        pairs.append((field, reads))
    missing = tuple(field for field in reader.fields if field.name not in taken)
    return FieldPairs(tuple(pairs), missing, tuple(clashes))
