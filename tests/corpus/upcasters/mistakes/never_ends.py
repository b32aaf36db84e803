"""Counts down from a number that may be negative."""

from __future__ import annotations

from typing import Any

from harness.upcasters import Upcasters

FAILS = ("terminating",)
EVENTS = [{"type": "Moved", "version": 1, "data": {"by": 3}}, {"type": "Moved", "version": 1, "data": {"by": -1}}]
SCHEMAS = {"Moved": {2: {"type": "object"}}}

upcasters = Upcasters()


@upcasters.register("Moved", 1, 2)
def counted(data: dict[str, Any]) -> dict[str, Any]:
    left = data["by"]
    while left != 0:
        left -= 1
    return data
