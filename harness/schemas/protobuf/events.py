"""Events that a writer admits: made for a difference, or by chance."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from itertools import product

from harness.schemas.protobuf.boundaries import boundary_values
from harness.schemas.protobuf.differences import Difference
from harness.schemas.protobuf.model import KEY, VALUE, Cardinality, Field, Kind, MessageType, Scalar, Tree, Types, Value

DEPTH_MAX = 3
"""Of messages in messages, where they are not required."""
ELEMENTS_MAX = 3
PARTS_TOGETHER = 4
"""Values of each of two fields that are set together."""
INNER_EVENTS = 6
"""Messages tried where the reader has something else than a message."""
FIELDS_MAX = 80
"""In one event by chance, about: what keeps messages that hold each other from growing without end."""


class Impossible(Exception):
    """A message requires itself, so that none of it can ever be written."""


class Maker:
    """Makes events of the writer; `reader` only says which numbers of enums are worth trying."""

    def __init__(self, writer: Types, reader: Types, chance: random.Random) -> None:
        self._writer = writer
        self._reader = reader
        self._chance = chance
        self._required: dict[str, Tree] = {}
        self._room = FIELDS_MAX

    # ── for a difference ─────────────────────────────────────────────────────────────────────────────────────────

    def directed(self, difference: Difference) -> Iterator[Tree]:
        """Events in which what differs is set to each value that may show it, and as little else as can be.

        Raises Impossible if no event gets there.
        """
        holder = difference.meeting.types.writer
        for part in self._parts(difference):
            event = {**self._least(holder.name), **part}
            for step in reversed(difference.meeting.path):
                event = {**self._least_around(step), step.number: self._held(step, event)}
            yield event

    def _parts(self, difference: Difference) -> Iterator[Tree]:
        if not difference.writers:
            yield {}
            return
        if len(difference.writers) == 1:
            (only,) = difference.writers
            if only.cardinality is not Cardinality.REQUIRED:
                yield {}
            yield from ({only.number: value} for value in self._values(only, difference.reader))
            return
        choices = [list(self._values(each, each))[:PARTS_TOGETHER] for each in difference.writers]
        numbers = [each.number for each in difference.writers]
        yield from (dict(zip(numbers, values, strict=True)) for values in product(*choices))

    def _values(self, target: Field, reader: Field) -> Iterator[Value]:
        if target.cardinality is Cardinality.MAP:
            yield from ([entry] for entry in self._entries(target, reader))
            return
        single = list(self._singles(target, reader))
        if target.cardinality is not Cardinality.REPEATED:
            yield from single
            return
        yield from ([value] for value in single)
        yield single[:2]
        yield [single[0], single[0]]
        yield single

    def _singles(self, target: Field, reader: Field) -> Iterator[Scalar | Tree]:
        if not target.holds_messages:
            reader_enum = self._reader.enum_of(reader) if reader.kind is Kind.ENUM else None
            enum = self._writer.enum_of(target) if target.kind is Kind.ENUM else None
            yield from boundary_values(target.kind, enum, reader_enum)
            return
        yield self._least(target.type_name)
        yield from (
            self._message(self._writer.message_of(target), DEPTH_MAX - 1, likely=0.8) for _ in range(INNER_EVENTS)
        )

    def _entries(self, target: Field, reader: Field) -> Iterator[Tree]:
        """Each value of the key with one of the value, and each of the value with one of the key."""
        entry = self._writer.message_of(target)
        keys, values = (list(self._singles(entry.fields[each], reader)) for each in (KEY, VALUE))
        yield from ({KEY: key, VALUE: values[0]} for key in keys)
        yield from ({KEY: keys[0], VALUE: value} for value in values[1:])

    def _held(self, step: Field, part: Tree) -> Value:
        return [part] if step.cardinality.many else part

    def _least_around(self, step: Field) -> Tree:
        """What the message that has this field requires beside it."""
        holder = self._holder(step)
        if step.cardinality is Cardinality.REQUIRED:
            others = (each for each in holder.fields.values() if each.cardinality is Cardinality.REQUIRED)
            return {each.number: self._least_of(each) for each in others if each.number != step.number}
        return dict(self._least(holder.name))

    def _holder(self, step: Field) -> MessageType:
        return next(each for each in self._writer.messages.values() if each.fields.get(step.number) is step)

    # ── what is required ─────────────────────────────────────────────────────────────────────────────────────────

    def _least(self, name: str, within: tuple[str, ...] = ()) -> Tree:
        """The message with nothing set but what is required. Raises Impossible if it requires itself."""
        if name in within:
            raise Impossible(f"{name} requires itself")
        if name not in self._required:
            required = (
                each for each in self._writer.messages[name].fields.values() if each.cardinality is Cardinality.REQUIRED
            )
            self._required[name] = {each.number: self._least_of(each, (*within, name)) for each in required}
        return self._required[name]

    def _least_of(self, target: Field, within: tuple[str, ...] = ()) -> Scalar | Tree:
        if target.holds_messages:
            return self._least(target.type_name, within)
        enum = self._writer.enum_of(target) if target.kind is Kind.ENUM else None
        return boundary_values(target.kind, enum, None)[0]

    # ── by chance ────────────────────────────────────────────────────────────────────────────────────────────────

    def by_chance(self) -> Tree:
        """Raises Impossible."""
        self._least(self._writer.root)
        self._room = FIELDS_MAX
        return self._message(self._writer.message, DEPTH_MAX, likely=self._chance.choice((0.2, 0.5, 0.9)))

    def _message(self, kind: MessageType, depth: int, likely: float) -> Tree:
        if kind.name in _WELL_KNOWN:
            return _WELL_KNOWN[kind.name](self._chance)
        event = dict(self._least(kind.name))
        taken = set[str]()
        for target in self._shuffled(kind):
            chosen = self._chance.random() < likely and self._room > 0
            if not (chosen or target.cardinality is Cardinality.REQUIRED):
                continue
            if target.oneof in taken or (target.holds_messages and not depth):
                continue
            self._room -= 1
            if target.oneof:
                taken.add(target.oneof)
            try:
                event[target.number] = self._any(target, depth, likely)
            except Impossible:
                continue
        return event

    def _shuffled(self, kind: MessageType) -> list[Field]:
        fields = list(kind.fields.values())
        self._chance.shuffle(fields)
        return fields

    def _any(self, target: Field, depth: int, likely: float) -> Value:
        count = self._chance.randint(0, ELEMENTS_MAX)
        if target.cardinality is Cardinality.MAP:
            entry = self._writer.message_of(target)
            made = (self._one(entry.fields[KEY], depth, likely) for _ in range(count))
            return [{KEY: key, VALUE: self._one(entry.fields[VALUE], depth, likely)} for key in dict.fromkeys(made)]
        if target.cardinality is Cardinality.REPEATED:
            return [self._one(target, depth, likely) for _ in range(count)]
        return self._one(target, depth, likely)

    def _one(self, target: Field, depth: int, likely: float) -> Scalar | Tree:
        if target.holds_messages:
            return self._message(self._writer.message_of(target), depth - 1, likely)
        enum = self._writer.enum_of(target) if target.kind is Kind.ENUM else None
        return self._chance.choice(boundary_values(target.kind, enum, None))


def _span(chance: random.Random, seconds_min: int, seconds_max: int) -> Tree:
    return {1: chance.randint(seconds_min, seconds_max), 2: chance.randint(0, 999_999_999)}


def _struct_value(chance: random.Random) -> Tree:
    return chance.choice(({1: 0}, {2: 0.5}, {3: "a"}, {4: True}, {5: {}}, {6: {1: [{3: "a"}]}}))


_WELL_KNOWN: Mapping[str, Callable[[random.Random], Tree]] = {
    "google.protobuf.Timestamp": lambda chance: _span(chance, -62_135_596_800, 253_402_300_799),
    "google.protobuf.Duration": lambda chance: _span(chance, 0, 315_576_000_000 - 1),
    "google.protobuf.FieldMask": lambda chance: {1: chance.choice((["a"], ["a.b", "c"]))},
    "google.protobuf.Any": lambda _: {},
    "google.protobuf.Value": _struct_value,
    "google.protobuf.Struct": lambda chance: {1: [{KEY: "a", VALUE: _struct_value(chance)}]},
    "google.protobuf.ListValue": lambda chance: {1: [_struct_value(chance)]},
}
"""Messages whose JSON form admits less than their fields do."""
