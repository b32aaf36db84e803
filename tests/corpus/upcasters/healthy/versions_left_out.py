"""Versions need not follow each other: 1, 5 and 20."""

from __future__ import annotations

from typing import Any

from harness.upcasters import Upcasters

SCHEMAS = {
    "Moved": {
        1: {
            "type": "object",
            "properties": {"step": {"const": 1}},
            "required": ["step"],
            "additionalProperties": False,
        },
        5: {
            "type": "object",
            "properties": {"step": {"const": 5}},
            "required": ["step"],
            "additionalProperties": False,
        },
        20: {
            "type": "object",
            "properties": {"step": {"const": 20}},
            "required": ["step"],
            "additionalProperties": False,
        },
    }
}

upcasters = Upcasters()


@upcasters.register("Moved", 1, 5)
def from_1_to_5(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "step": 5}


@upcasters.register("Moved", 5, 20)
def from_5_to_20(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "step": 20}
