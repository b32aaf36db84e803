"""There is a schema of version 3, and nothing that makes it."""

from __future__ import annotations

from typing import Any

from harness.upcasters import Upcasters

FAILS = ("total",)
SCHEMAS = {
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
    }
}

upcasters = Upcasters()


@upcasters.register("Moved", 1, 2)
def from_1_to_2(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "step": 2}
