"""Cents become a floating-point number."""

from __future__ import annotations

from typing import Any

from harness.upcasters import Upcasters

FAILS = ("valid",)
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
    return {"cents": data["cents"] * 1.1, "currency": "EUR"}
