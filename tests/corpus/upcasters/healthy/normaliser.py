"""Events of the newest version are made uniform, and uniform ones are left alone."""

from __future__ import annotations

from typing import Any

from harness.upcasters import Upcasters

EVENTS = [
    {"type": "Tagged", "version": 1, "data": {"tags": "b,a,b"}},
    {"type": "Tagged", "version": 2, "data": {"tags": ["z", "a", "z"]}},
]
SCHEMAS = {
    "Tagged": {
        2: {
            "type": "object",
            "properties": {"tags": {"type": "array", "items": {"type": "string"}}},
            "required": ["tags"],
        }
    }
}

upcasters = Upcasters()


@upcasters.register("Tagged", 1, 2)
def as_list(data: dict[str, Any]) -> dict[str, Any]:
    return {"tags": data["tags"].split(",")}


@upcasters.register("Tagged", 2, 2)
def normalised(data: dict[str, Any]) -> dict[str, Any]:
    return {"tags": sorted(set(data["tags"]))}
