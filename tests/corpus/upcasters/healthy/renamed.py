"""A field is renamed, and has the old name again for old readers."""

from __future__ import annotations

from typing import Any

from harness.upcasters import Upcasters

EVENTS = [
    {"type": "Opened", "version": 1, "data": {"owner": "Ada"}},
    {"type": "Opened", "version": 2, "data": {"holder": "Bob"}},
]
SCHEMAS = {
    "Opened": {
        1: {
            "type": "object",
            "properties": {"owner": {"type": "string"}},
            "required": ["owner"],
            "additionalProperties": False,
        },
        2: {
            "type": "object",
            "properties": {"holder": {"type": "string"}},
            "required": ["holder"],
            "additionalProperties": False,
        },
    }
}

upcasters = Upcasters()


@upcasters.register("Opened", 1, 2)
def holder(data: dict[str, Any]) -> dict[str, Any]:
    return {"holder": data["owner"]}


@upcasters.register_downcaster("Opened", 2, 1)
def owner(data: dict[str, Any]) -> dict[str, Any]:
    return {"owner": data["holder"]}
