"""Takes a field for granted that some events do not have."""

from __future__ import annotations

from typing import Any

from harness.upcasters import Upcasters

FAILS = ("terminating",)
EVENTS = [{"type": "Noted", "version": 1, "data": {"note": "a"}}, {"type": "Noted", "version": 1, "data": {}}]
SCHEMAS = {"Noted": {2: {"type": "object", "properties": {"text": {"type": "string"}}}}}

upcasters = Upcasters()


@upcasters.register("Noted", 1, 2)
def renamed(data: dict[str, Any]) -> dict[str, Any]:
    return {"text": data["note"]}
