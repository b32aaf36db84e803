"""The last step mends what the first one breaks, so that only events of version 2 that were stored are right."""

from __future__ import annotations

from typing import Any

from harness.upcasters import Upcasters

FAILS = ("valid",)
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
def broken(data: dict[str, Any]) -> dict[str, Any]:
    return {"step": "2"}


@upcasters.register("Moved", 2, 3)
def from_2_to_3(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "step": 3}
