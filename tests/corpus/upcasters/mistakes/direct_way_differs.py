"""There is a short cut from 1 to 3, and it was not changed along with the steps."""

from __future__ import annotations

from typing import Any

from harness.upcasters import Upcasters

FAILS = ("coherent",)
EVENTS = [{"type": "Paid", "version": 1, "data": {"euros": 5}}, {"type": "Paid", "version": 2, "data": {"cents": 7}}]
SCHEMAS = {"Paid": {3: {"type": "object", "properties": {"cents": {"type": "integer"}}}}}

upcasters = Upcasters()


@upcasters.register("Paid", 1, 2)
def in_cents(data: dict[str, Any]) -> dict[str, Any]:
    return {"cents": data["euros"] * 100}


@upcasters.register("Paid", 2, 3)
def with_fee(data: dict[str, Any]) -> dict[str, Any]:
    return {"cents": data["cents"] + 1}


@upcasters.register("Paid", 1, 3)
def short_cut(data: dict[str, Any]) -> dict[str, Any]:
    return {"cents": data["euros"] * 100}
