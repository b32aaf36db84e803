"""Events by chance, the same ones for the same schema and seed."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TypeAlias

from harness.schemas.avro.costs import Costs
from harness.schemas.avro.events import BOUNDARIES, Events
from harness.schemas.avro.model import (
    Array,
    AvroSchema,
    Branch,
    Datum,
    Enumeration,
    Fixed,
    Map,
    Primitive,
    Record,
    Type,
    Union,
    branch_name,
)

ELEMENTS_MAX = 3
PARTS_MAX = 300
"""Of one event; what is left when it has so many values is plain, so that recursive schemas end."""
DEPTH_MAX = 12
_KEYS = ("", "a", "key", "é", "\U0001f600")
_LETTERS = "abcxyz 0189éß€\U0001f600"

Draw: TypeAlias = Callable[[Primitive, Random], Datum]
"""A value of a primitive type."""


def any_value(type_: Primitive, random: Random) -> Datum:
    """Boundary values as often as others; the logical type is not minded."""
    if random.random() < 0.5:
        return random.choice(BOUNDARIES[type_.kind])
    match type_.kind:
        case "int":
            return random.randrange(-(1 << 31), 1 << 31)
        case "long":
            return random.randrange(-(1 << 63), 1 << 63)
        case "float":
            return random.randrange(-(1 << 24), 1 << 24) / 256  # what single precision holds
        case "double":
            return random.uniform(-1e9, 1e9)
        case "string":
            return "".join(random.choices(_LETTERS, k=random.randrange(12)))
        case "bytes":
            return random.randbytes(random.randrange(12))
        case kind:
            return random.choice(BOUNDARIES[kind])


class Chance:
    def __init__(self, schema: AvroSchema, costs: Costs, events: Events, seed: int, draw: Draw = any_value) -> None:
        self._draw = draw
        self._schema = schema
        self._costs = costs
        self._events = events
        self._random = Random(seed)
        self._parts = 0

    def event(self) -> Datum:
        """Another one; the schema's plainest event must be affordable."""
        self._parts = 0
        return self._any(self._schema.root, 0)

    def _any(self, type_: Type, depth: int) -> Datum:
        self._parts += 1
        target = self._schema.target(type_)
        if depth > DEPTH_MAX or self._parts > PARTS_MAX:
            return self._events.plain(target)
        match target:
            case Array(items=items):
                return [self._any(items, depth + 1) for _ in range(self._some(items))]
            case Map(values=values):
                return {self._random.choice(_KEYS): self._any(values, depth + 1) for _ in range(self._some(values))}
            case Union(branches=branches):
                branch = self._random.choice([each for each in branches if self._costs.affordable(each)])
                return Branch(branch_name(branch), self._any(branch, depth + 1))
            case Record(fields=fields):
                return {field.name: self._any(field.type, depth + 1) for field in fields}
            case Primitive() as primitive:
                return self._draw(primitive, self._random)
            case Fixed(size=size):
                return self._random.randbytes(size)
            case Enumeration(symbols=symbols):
                return self._random.choice(symbols)
            case other:
                raise TypeError(other)

    def _some(self, element: Type) -> int:
        return self._random.randrange(ELEMENTS_MAX + 1) if self._costs.affordable(element) else 0
