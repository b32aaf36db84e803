"""Events of Avro records as an application stores them in JSON: a union's value alone, a time as its number."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from typing import Any
from uuid import UUID

from harness.schemas.avro.chance import Chance, any_value
from harness.schemas.avro.costs import Costs
from harness.schemas.avro.events import Events
from harness.schemas.avro.model import AvroSchema, Datum, Primitive
from harness.schemas.avro.reading import without_branches
from harness.upcasters.registry import Data

ATTEMPTS_PER_EXAMPLE = 4
SEED = 1

_DAYS = 47_482
"""From 1970 to 2100: upcasters may make dates of such numbers, which have an end."""
_SECONDS_A_DAY = 86_400
_TICKS_A_SECOND = {"millis": 1_000, "micros": 1_000_000, "nanos": 1_000_000_000}


def examples(schema: AvroSchema, is_valid: Callable[[Any], bool], count: int) -> tuple[Data, ...]:
    """Up to `count` that are valid, each once, the same each time.

    What JSON does not have is not made: events with a value of bytes or fixed in them are left out.
    """
    costs = Costs(schema)
    if not costs.affordable(schema.root):
        return ()
    chance = Chance(schema, costs, Events(schema, costs), SEED, _usual)
    found: dict[str, Data] = {}
    for _ in range(count * ATTEMPTS_PER_EXAMPLE):
        data = without_branches(chance.event())
        if isinstance(data, dict) and _in_json(data) and is_valid(data):
            found.setdefault(repr(data), data)
        if len(found) == count:
            break
    return tuple(found.values())


def _in_json(value: object) -> bool:
    match value:
        case bytes():
            return False
        case float():
            return math.isfinite(value)
        case dict():
            return all(_in_json(item) for item in value.values())
        case list():
            return all(_in_json(item) for item in value)
        case _:
            return True


def _usual(type_: Primitive, random: Random) -> Datum:
    """A value that its logical type admits, so that code that takes it for a time or an identity can."""
    name, _, unit = type_.logical.rpartition("-")
    match type_.kind, type_.logical, name:
        case "string", "uuid", _:
            return str(UUID(int=random.getrandbits(128), version=4))
        case "int", "date", _:
            return random.randrange(_DAYS)
        case "int" | "long", _, "time" if unit in _TICKS_A_SECOND:
            return random.randrange(_SECONDS_A_DAY * _TICKS_A_SECOND[unit])
        case "long", _, "timestamp" | "local-timestamp" if unit in _TICKS_A_SECOND:
            return random.randrange(_DAYS * _SECONDS_A_DAY * _TICKS_A_SECOND[unit])
        case _:
            return any_value(type_, random)
