"""A default that depends on where it runs."""

from __future__ import annotations

import os
from typing import Any

from harness.upcasters import Upcasters

FAILS = ("pure",)
EVENTS = [{"type": "OrderPlaced", "version": 1, "data": {"cents": 5}}]
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
    return {**data, "currency": os.environ.get("CURRENCY", "EUR")}
