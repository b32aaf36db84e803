"""One list is the default of all events, and what is added to one is in all."""

from __future__ import annotations

from typing import Any

from harness.upcasters import Upcasters

FAILS = ("pure",)
EVENTS = [{"type": "Tagged", "version": 1, "data": {}}, {"type": "Tagged", "version": 2, "data": {"tags": []}}]
SCHEMAS = {"Tagged": {3: {"type": "object"}}}

upcasters = Upcasters()

NO_TAGS: list[str] = []


@upcasters.register("Tagged", 1, 2)
def with_tags(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "tags": NO_TAGS}


@upcasters.register("Tagged", 2, 3)
def tagged(data: dict[str, Any]) -> dict[str, Any]:
    data["tags"].append("old")
    return data
