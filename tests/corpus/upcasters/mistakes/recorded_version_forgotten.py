"""Events of version 0 are in the store, which nobody remembered."""

from __future__ import annotations

from typing import Any

from harness.upcasters import Upcasters

FAILS = ("total",)
EVENTS = [
    {"type": "OrderPlaced", "version": 0, "data": {"eur": 5}},
    {"type": "OrderPlaced", "version": 1, "data": {"cents": 5}},
]
SCHEMAS = {
    "OrderPlaced": {
        1: {
            "type": "object",
            "properties": {"cents": {"type": "integer", "minimum": 0}},
            "required": ["cents"],
            "additionalProperties": False,
        },
        2: {
            "type": "object",
            "properties": {"cents": {"type": "integer"}, "currency": {"enum": ["EUR", "USD"]}},
            "required": ["cents", "currency"],
            "additionalProperties": False,
        },
    }
}

upcasters = Upcasters()


@upcasters.register("OrderPlaced", 1, 2)
def with_currency(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "currency": "EUR"}
