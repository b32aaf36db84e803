"""Which field of the reader is to hold what a field of the writer held, and where two types of message meet.

On the wire a field is its number. A name that stands under another number is followed too, unless either side reserves
the number that it left: renumbered fields are read under each other's names, and nothing on the wire shows it. In JSON
a field is its name; one whose name is gone is looked for by its number, because that is what a renamed field keeps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from harness.schemas.protobuf.model import Cardinality, Field, MessageType, Types, same


class Encoding(Enum):
    WIRE = "wire"
    JSON = "json"


@dataclass(frozen=True)
class Pair:
    reader: Field
    writer: Field

    @property
    def moved(self) -> bool:
        return self.reader.number != self.writer.number

    @property
    def both_hold_messages(self) -> bool:
        return self.reader.holds_messages and self.writer.holds_messages

    @property
    def matters_unset(self) -> bool:
        """Whether what was not written may be read as something else, because the defaults differ."""
        alternatives = self.reader.oneof or self.writer.oneof
        alike = self.reader.kind.has_defaults_like(self.writer.kind)
        return alike and not alternatives and not self.moved and not same(self.reader.default, self.writer.default)


@dataclass(frozen=True)
class PairedTypes:
    """The fields of two messages, each of which stands for the other."""

    reader: MessageType
    writer: MessageType
    encoding: Encoding

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        return tuple(pair for number in self.writer.fields for pair in self.by_number.get(number, ()))

    @cached_property
    def by_number(self) -> dict[int, tuple[Pair, ...]]:
        """By the writer's number."""
        find = self._on_the_wire if self.encoding is Encoding.WIRE else self._in_json
        found = {
            number: tuple(Pair(each, field) for each in find(field)) for number, field in self.writer.fields.items()
        }
        return {number: pairs for number, pairs in found.items() if pairs}

    @cached_property
    def matter_unset(self) -> tuple[Pair, ...]:
        return tuple(pair for pair in self.pairs if pair.matters_unset)

    @cached_property
    def required(self) -> tuple[Field, ...]:
        return tuple(field for field in self.reader.fields.values() if field.cardinality is Cardinality.REQUIRED)

    @cached_property
    def _by_name(self) -> dict[str, Field]:
        return {field.full_name if field.is_extension else field.name: field for field in self.reader.fields.values()}

    @cached_property
    def _by_json_name(self) -> dict[str, Field]:
        """JSON parsers take a field's own name too."""
        return {**self._by_name, **{field.json_name: field for field in self.reader.fields.values()}}

    def _on_the_wire(self, field: Field) -> Iterator[Field]:
        if same_number := self.reader.fields.get(field.number):
            yield same_number
        same_name = self._by_name.get(field.full_name if field.is_extension else field.name)
        if same_name is not None and same_name.number != field.number and not self._deliberate(same_name, field):
            yield same_name

    def _deliberate(self, reader: Field, writer: Field) -> bool:
        return self.reader.reserves(writer.number) or self.writer.reserves(reader.number)

    def _in_json(self, field: Field) -> Iterator[Field]:
        found = self._by_json_name.get(field.json_name) or self.reader.fields.get(field.number)
        if found is not None:
            yield found


@dataclass(frozen=True)
class Meeting:
    """Where a message of the writer is read as one of the reader; `path` are the writer's fields that lead there."""

    path: tuple[Field, ...]
    types: PairedTypes


@dataclass(frozen=True, eq=False)
class Pairing:
    """All types of a reader that meet types of a writer."""

    reader: Types
    writer: Types
    encoding: Encoding

    @cached_property
    def meetings(self) -> tuple[Meeting, ...]:
        """Each pair of types once, by the shortest way there; the two schemas' own messages come first."""
        found: dict[tuple[str, str], Meeting] = {}
        waiting: list[tuple[tuple[Field, ...], str, str]] = [((), self.reader.root, self.writer.root)]
        for path, reader, writer in waiting:  # grows while it is read
            if (reader, writer) in found:
                continue
            types = PairedTypes(self.reader.messages[reader], self.writer.messages[writer], self.encoding)
            found[reader, writer] = Meeting(path, types)
            waiting += [
                ((*path, pair.writer), pair.reader.type_name, pair.writer.type_name)
                for pair in types.pairs
                if pair.both_hold_messages
            ]
        return tuple(found.values())

    @cached_property
    def _by_names(self) -> dict[tuple[str, str], PairedTypes]:
        return {(each.types.reader.name, each.types.writer.name): each.types for each in self.meetings}

    @property
    def root(self) -> PairedTypes:
        return self.meetings[0].types

    def of(self, pair: Pair) -> PairedTypes:
        """Of the messages that the two fields hold."""
        return self._by_names[pair.reader.type_name, pair.writer.type_name]
