"""Ends the whole process where it should have raised."""

from __future__ import annotations

import os
from typing import Any

from harness.upcasters import Upcasters

FAILS = ("terminating", "pure")
EVENTS = [
    {"type": "OrderPlaced", "version": 1, "data": {"cents": 1}},
    {"type": "OrderPlaced", "version": 1, "data": {"cents": 2000}},
]
SCHEMAS = {"OrderPlaced": {2: {"type": "object"}}}

upcasters = Upcasters()


@upcasters.register("OrderPlaced", 1, 2)
def with_currency(data: dict[str, Any]) -> dict[str, Any]:
    if data["cents"] > 1000:
        os._exit(3)
    return {**data, "currency": "EUR"}
