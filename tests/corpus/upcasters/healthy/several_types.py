"""Types have versions of their own."""

from __future__ import annotations

from typing import Any

from harness.upcasters import Upcasters

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
    },
    "Moved": {
        1: {
            "type": "object",
            "properties": {"step": {"const": 1}},
            "required": ["step"],
            "additionalProperties": False,
        },
        2: {
            "type": "object",
            "properties": {"step": {"const": 2}},
            "required": ["step"],
            "additionalProperties": False,
        },
        3: {
            "type": "object",
            "properties": {"step": {"const": 3}},
            "required": ["step"],
            "additionalProperties": False,
        },
    },
}

upcasters = Upcasters()


@upcasters.register("OrderPlaced", 1, 2)
def with_currency(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "currency": "EUR"}


@upcasters.register("Moved", 1, 2)
def from_1_to_2(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "step": 2}


@upcasters.register("Moved", 2, 3)
def from_2_to_3(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "step": 3}
