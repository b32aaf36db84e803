"""A module that is imported by the first event is the same module for all."""

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
    }
}

upcasters = Upcasters()


@upcasters.register("OrderPlaced", 1, 2)
def with_currency(data: dict[str, Any]) -> dict[str, Any]:
    import colorsys  # noqa: PLC0415

    assert colorsys.rgb_to_hls(0, 0, 0)
    return {**data, "currency": "EUR"}
