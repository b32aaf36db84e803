"""What makes events of the newest version uniform adds something each time."""

from __future__ import annotations

from typing import Any

from harness.upcasters import Upcasters

FAILS = ("idempotent",)
EVENTS = [{"type": "Noted", "version": 1, "data": {"text": "a"}}]
SCHEMAS = {
    "Noted": {
        2: {
            "type": "object",
            "properties": {"texts": {"type": "array", "items": {"type": "string"}}},
            "required": ["texts"],
        }
    }
}

upcasters = Upcasters()


@upcasters.register("Noted", 1, 2)
def as_list(data: dict[str, Any]) -> dict[str, Any]:
    return {"texts": [data["text"]]}


@upcasters.register("Noted", 2, 2)
def normalised(data: dict[str, Any]) -> dict[str, Any]:
    return {"texts": [*data["texts"], "end"]}
