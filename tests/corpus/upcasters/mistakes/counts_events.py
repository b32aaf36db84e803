"""Numbers events in the order in which they happen to be loaded."""

from __future__ import annotations

from itertools import count
from typing import Any

from harness.upcasters import Upcasters

FAILS = ("pure",)
EVENTS = [{"type": "Opened", "version": 1, "data": {}}]
SCHEMAS = {"Opened": {2: {"type": "object"}}}

upcasters = Upcasters()

numbers = count(1)


@upcasters.register("Opened", 1, 2)
def numbered(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "number": next(numbers)}
