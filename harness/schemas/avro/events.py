"""Events that a writer's schema admits: the plainest one, those aimed at a place, and boundary values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from harness.schemas.avro.costs import Cost, Costs
from harness.schemas.avro.model import (
    Array,
    AvroSchema,
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

Trail: TypeAlias = tuple[int, ...]
"""The way from a schema's root to a place in its events: the number of a record's field, of a union's branch; 0 for the
elements of an array or map."""

KEY = "key"

_INTEGERS = (0, 1, -1, (1 << 24) + 1, (1 << 31) - 1, -(1 << 31))
_LONGS = (*_INTEGERS, (1 << 53) + 1, (1 << 63) - 1, -(1 << 63))
_FLOATS = (0.0, -0.0, 0.5, -1.0, 3.4028234663852886e38, 1.401298464324817e-45, math.inf, -math.inf, math.nan)
_DOUBLES = (*_FLOATS, 0.1, 1.7976931348623157e308, 5e-324)
_TEXTS = ("", "a", "é", "\x00", "\U0001f600", "long " * 100)
_BYTES = (b"", b"a", b"\x00", "é".encode(), b"\xff")

BOUNDARIES: Mapping[str, tuple[Datum, ...]] = {
    "null": (None,),
    "boolean": (False, True),
    "int": _INTEGERS,
    "long": _LONGS,
    "float": _FLOATS,
    "double": _DOUBLES,
    "string": _TEXTS,
    "bytes": _BYTES,
}
"""Where promotions lose precision or text, and the ends of each primitive's range."""

_TELLING: Mapping[str, Datum] = {"long": 1 << 31, "float": 0.5, "double": 0.1, "string": "a", "bytes": b"\xff"}
_LOGICAL: Mapping[tuple[str, str], Datum] = {
    ("string", "uuid"): "00000000-0000-4000-8000-000000000000",
    ("bytes", "decimal"): b"\x01",
}


class Events:
    """Of one writer's schema. Values are only made of types that are affordable."""

    def __init__(self, schema: AvroSchema, costs: Costs) -> None:
        self._schema = schema
        self._costs = costs

    def affordable_along(self, trail: Trail) -> bool:
        """Whether the way, with all that stands beside it, and the plainest value at its end are."""
        type_, parts = self._schema.root, 0.0
        for step in trail:
            target = self._schema.target(type_)
            parts += self._costs.of(target).parts
            type_ = _inner(target, step)
        end = self._costs.of(type_)
        return Cost(len(trail) + end.depth, parts + end.parts).affordable

    def at(self, trail: Trail) -> Type:
        """The type at the end of the way."""
        type_ = self._schema.root
        for step in trail:
            type_ = _inner(self._schema.target(type_), step)
        return type_

    def plain(self, type_: Type) -> Datum:
        """The least value of a type that has one: zero, no elements, the shallowest branch."""
        match self._schema.target(type_):
            case Primitive(kind=kind, logical=""):  # most are, so it comes first
                return BOUNDARIES[kind][0]
            case Primitive(kind=kind, logical=logical):
                return _LOGICAL.get((kind, logical.partition("(")[0]), BOUNDARIES[kind][0])
            case Array():
                return []
            case Map():
                return {}
            case Fixed(size=size):
                return bytes(size)
            case Enumeration(symbols=symbols):
                return symbols[0]
            case Union(branches=branches):
                least = min(branches, key=self._costs.of)
                return Branch(branch_name(least), self.plain(least))
            case Record(fields=fields):
                return {field.name: self.plain(field.type) for field in fields}
            case other:
                raise TypeError(other)

    def telling(self, type_: Type) -> Datum:
        """A value that shows why a narrower type, or another one, cannot take it; plain where there is none."""
        target = self._schema.target(type_)
        kind = target.kind if isinstance(target, Primitive) and not target.logical else ""
        return _TELLING.get(kind) or self.plain(target)

    def along(self, trail: Trail, aim: Datum) -> Datum:
        """A plain event, but for what stands at the end of the trail."""
        return self._along(self._schema.root, trail, aim)

    def _along(self, type_: Type, trail: Trail, aim: Datum) -> Datum:
        if not trail:
            return aim
        step, rest = trail[0], trail[1:]
        match self._schema.target(type_):
            case Array(items=items):
                return [self._along(items, rest, aim)]
            case Map(values=values):
                return {KEY: self._along(values, rest, aim)}
            case Union(branches=branches):
                return Branch(branch_name(branches[step]), self._along(branches[step], rest, aim))
            case Record(fields=fields):
                chosen = fields[step]
                return {
                    field.name: self._along(field.type, rest, aim) if field is chosen else self.plain(field.type)
                    for field in fields
                }
            case other:
                raise TypeError(other)

    def boundaries(self, type_: Type) -> Iterator[Datum]:
        """Every symbol, every branch, no element and several, the ends of a range."""
        match self._schema.target(type_):
            case Primitive(kind=kind):
                yield from BOUNDARIES[kind]
            case Array(items=items):
                yield []
                if self._costs.affordable(items):
                    yield [self.plain(items), self.plain(items)]
            case Map(values=values):
                yield {}
                if self._costs.affordable(values):
                    yield {"": self.plain(values), "é": self.plain(values)}
            case Fixed(size=size):
                yield from (bytes(size), b"\xff" * size)
            case Enumeration(symbols=symbols):
                yield from symbols
            case Union(branches=branches):
                for branch in branches:
                    if self._costs.affordable(branch):
                        yield Branch(branch_name(branch), self.plain(branch))
            case Record() as record:
                yield self.plain(record)

    def with_distinct(self, record: Record, field: Field) -> Iterator[Datum]:
        """Plain values of the record, but that `field` is not as plain as the others."""
        plain = {each.name: self.plain(each.type) for each in record.fields}
        yield from ({**plain, field.name: other} for other in self.boundaries(field.type))


def _inner(type_: Type, step: int) -> Type:
    match type_:
        case Record(fields=fields):
            return fields[step].type
        case Array(items=inner) | Map(values=inner):
            return inner
        case Union(branches=branches):
            return branches[step]
        case other:
            raise TypeError(other)
