"""The order of a set of texts differs from process to process."""

from __future__ import annotations

from typing import Any

from harness.upcasters import Upcasters

FAILS = ("pure",)
EVENTS = [{"type": "Tagged", "version": 1, "data": {"tags": ["red", "green", "blue", "white", "black", "grey"]}}]
SCHEMAS = {"Tagged": {2: {"type": "object"}}}

upcasters = Upcasters()


@upcasters.register("Tagged", 1, 2)
def unique(data: dict[str, Any]) -> dict[str, Any]:
    return {"tags": list(set(data["tags"]))}
