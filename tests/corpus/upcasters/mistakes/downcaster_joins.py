"""A name is taken apart and put together again, with a single space."""

from __future__ import annotations

from typing import Any

from harness.upcasters import Upcasters

FAILS = ("lossless",)
EVENTS = [
    {"type": "Named", "version": 1, "data": {"name": "Ada Lovelace"}},
    {"type": "Named", "version": 1, "data": {"name": "Plato"}},
]
SCHEMAS = {"Named": {2: {"type": "object"}}}

upcasters = Upcasters()


@upcasters.register("Named", 1, 2)
def parted(data: dict[str, Any]) -> dict[str, Any]:
    first, _, last = data["name"].partition(" ")
    return {"first": first, "last": last.strip()}


@upcasters.register_downcaster("Named", 2, 1)
def joined(data: dict[str, Any]) -> dict[str, Any]:
    return {"name": f"{data['first']} {data['last']}"}
