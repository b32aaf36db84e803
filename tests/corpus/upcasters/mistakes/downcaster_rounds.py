"""Cents go to euros and come back without what was behind the point."""

from __future__ import annotations

from typing import Any

from harness.upcasters import Upcasters

FAILS = ("lossless",)
EVENTS = [{"type": "Paid", "version": 1, "data": {"cents": 250}}]
SCHEMAS = {"Paid": {2: {"type": "object"}}}

upcasters = Upcasters()


@upcasters.register("Paid", 1, 2)
def in_euros(data: dict[str, Any]) -> dict[str, Any]:
    return {"euros": data["cents"] // 100}


@upcasters.register_downcaster("Paid", 2, 1)
def in_cents(data: dict[str, Any]) -> dict[str, Any]:
    return {"cents": data["euros"] * 100}
