"""How large the plainest value of a type is.

A schema may admit only events that are endless (a record that must hold itself) or larger than any memory (fifty
records, each with two of the next). What has a value at all is `possible`, what is small enough to be tried
`affordable`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from harness.schemas.avro.model import AvroSchema, Enumeration, Fixed, Name, Primitive, Record, Reference, Type, Union

DEPTH_MAX = 100
PARTS_MAX = 200_000
"""Of one event; deeper ones, or of more values, are not made."""
BYTES_A_PART = 16
"""Bytes of a fixed that cost as much as one value."""
SYMBOLS_A_PART = 10
"""Symbols that take as long to look through as one value takes."""


@dataclass(frozen=True, order=True, slots=True)
class Cost:
    """Of the plainest value of a type; infinite if it has none."""

    depth: float
    parts: float

    @property
    def affordable(self) -> bool:
        return self.depth <= DEPTH_MAX and self.parts <= PARTS_MAX

    def within(self) -> Cost:
        """Of what holds one thing of this cost."""
        return Cost(self.depth + 1, self.parts + 1)


IMPOSSIBLE = Cost(math.inf, math.inf)
_SINGLE = Cost(1, 1)


class Costs:
    """Of all types of one schema."""

    def __init__(self, schema: AvroSchema) -> None:
        self._named = _of_named(schema)
        self._known: dict[Type, Cost] = {}

    def of(self, type_: Type) -> Cost:
        if type_ not in self._known:
            self._known[type_] = _cost(type_, self._named)
        return self._known[type_]

    def possible(self, type_: Type) -> bool:
        return self.of(type_).depth != math.inf

    def affordable(self, type_: Type) -> bool:
        return self.of(type_).affordable


def _of_named(schema: AvroSchema) -> Mapping[Name, Cost]:
    """From impossible downwards until nothing becomes possible or shallower any more.

    A type refers to those before it and to those around it, so few rounds are needed.
    """
    costs = dict.fromkeys(schema.named, IMPOSSIBLE)
    changed = True
    while changed:
        changed = False
        for name, type_ in schema.named.items():
            cost = _defined(type_, costs)
            if cost.depth < costs[name].depth:
                costs[name] = cost
                changed = True
    for name in sorted(costs, key=lambda each: costs[each].depth):
        costs[name] = _defined(schema.named[name], costs)
    return costs


def _cost(type_: Type, named: Mapping[Name, Cost]) -> Cost:
    match type_:
        case Primitive():  # most are, so it comes first
            return _SINGLE
        case Reference(name=name) | Fixed(name=name) | Enumeration(name=name) | Record(name=name):
            return named[name]
        case _:
            return _defined(type_, named)


def _defined(type_: Type, named: Mapping[Name, Cost]) -> Cost:
    match type_:
        case Fixed(size=size):
            return Cost(1, 1 + size // BYTES_A_PART)
        case Enumeration(symbols=symbols):
            return Cost(1, 1 + len(symbols) // SYMBOLS_A_PART) if symbols else IMPOSSIBLE
        case Union(branches=branches):
            return min((_cost(branch, named) for branch in branches), default=IMPOSSIBLE).within()
        case Record(fields=fields):
            inner = [_cost(field.type, named) for field in fields]
            depth = max((cost.depth for cost in inner), default=0)
            return Cost(depth, sum(cost.parts for cost in inner)).within()
        case _:
            return _SINGLE
