"""What a reader makes of one event by the Avro specification, and whether a decoder made the same of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from harness.schemas.avro.defaults import default_of
from harness.schemas.avro.matching import Matching, names_match, promotes
from harness.schemas.avro.model import (
    Array,
    Branch,
    Datum,
    Enumeration,
    Field,
    Fixed,
    Map,
    Primitive,
    Record,
    Type,
    Union,
    branch_name,
)
from harness.schemas.decision import Json

Value: TypeAlias = "bool | int | float | str | bytes | list[Value] | dict[str, Value] | Filled | Either | None"
"""As decoders give it: without branches."""


@dataclass(frozen=True)
class Filled:
    """A default that was filled in. Some decoders give it as it stands in the schema's JSON, so both are right."""

    value: Value
    json: Json


@dataclass(frozen=True)
class Either:
    """Of a union with several branches that match; libraries differ in which they take."""

    values: tuple[Value, ...]


class Refused(Exception):
    """The specification does not let the event be read."""


class NotText(Exception):
    """Bytes that are not UTF-8, read as a string: a promotion that the specification has and does not define."""


def read(matching: Matching, event: Datum) -> Value:
    """Raises Refused, or NotText."""
    return _read(matching, event, matching.writer.root, matching.reader.root)


def _read(matching: Matching, datum: Datum, writer: Type, reader: Type) -> Value:
    if isinstance(writer, Primitive) and isinstance(reader, Primitive):  # most are, so it comes first
        return _promoted(datum, writer.kind, reader.kind)
    writer, reader = matching.writer.target(writer), matching.reader.target(reader)
    if isinstance(writer, Union):
        branch, datum = _branch(writer, datum)
        if not matching.matches(reader, branch):
            raise Refused
        return _read(matching, datum, branch, reader)
    if isinstance(reader, Union):
        chosen = matching.branch_for(reader, writer)
        if chosen is None:
            raise Refused
        other = matching.branch_of_same_kind(reader, writer)
        if other is None or other is chosen:
            return _read(matching, datum, writer, chosen)
        return Either((_read(matching, datum, writer, chosen), _read(matching, datum, writer, other)))
    match reader, writer, datum:
        case Array(), Array(), list():
            return [_read(matching, item, writer.items, reader.items) for item in datum]
        case Map(), Map(), dict():
            return {key: _read(matching, item, writer.values, reader.values) for key, item in datum.items()}
        case Fixed(), Fixed(), bytes() if matching.matches(reader, writer):
            return datum
        case Enumeration(), Enumeration(), str() if names_match(reader, writer):
            return _symbol(reader, datum)
        case Record(), Record(), dict() if names_match(reader, writer):
            return _record(matching, datum, writer, reader)
        case _:
            raise Refused


def _branch(writer: Union, datum: Datum) -> tuple[Type, Datum]:
    if not isinstance(datum, Branch):
        raise TypeError(datum)
    return next(branch for branch in writer.branches if branch_name(branch) == datum.name), datum.datum


def _promoted(datum: Datum, written: str, kind: str) -> Value:
    if not promotes(kind, written):
        raise Refused
    match datum:
        case int() if kind in ("float", "double"):
            return float(datum)
        case str() if kind == "bytes":
            return datum.encode()
        case bytes() if kind == "string":
            try:
                return datum.decode()
            except UnicodeDecodeError as error:
                raise NotText from error
        case None | bool() | int() | float() | str() | bytes():
            return datum
        case _:
            raise TypeError(datum)


def _symbol(reader: Enumeration, symbol: str) -> str:
    if symbol in reader.symbols:
        return symbol
    if reader.default is None:
        raise Refused
    return reader.default


def _record(matching: Matching, datum: Mapping[str, Datum], writer: Record, reader: Record) -> Value:
    pairs = matching.fields(reader, writer)
    values: dict[str, Value] = {
        read.name: _read(matching, datum[written.name], written.type, read.type)
        for written, read in pairs.read
        if read is not None
    }
    return values | {field.name: _filled(matching, field) for field in pairs.missing}


def _filled(matching: Matching, field: Field) -> Filled:
    if field.default is None:
        raise Refused
    default = default_of(matching.reader, field.type, field.default.json)
    return Filled(without_branches(default), field.default.json)


def without_branches(datum: Datum) -> Value:
    match datum:
        case Branch(datum=inner):
            return without_branches(inner)
        case list():
            return [without_branches(item) for item in datum]
        case dict():
            return {key: without_branches(item) for key, item in datum.items()}
        case _:
            return datum


def same(expected: Value, given: object) -> bool:
    """Whether a decoder gave what was expected: also its type, for 1, 1.0 and true are equal in Python."""
    match expected:
        case None | int() | str() | bytes():  # most are, so it comes first
            return type(expected) is type(given) and expected == given
        case Filled(value=value, json=in_json):
            return same(value, given) or given == in_json
        case Either(values=values):
            return any(same(value, given) for value in values)
        case dict():
            if not isinstance(given, dict) or expected.keys() != given.keys():
                return False
            return all(same(value, given[key]) for key, value in expected.items())
        case list():
            if not isinstance(given, list) or len(expected) != len(given):
                return False
            return all(same(value, other) for value, other in zip(expected, given, strict=True))
        case float() if math.isnan(expected):
            return isinstance(given, float) and math.isnan(given)
        case _:
            return type(expected) is type(given) and expected == given
