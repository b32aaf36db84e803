"""Numbers beyond 64 bits, and parts of cents, stay what they are."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from harness.upcasters import Upcasters

EVENTS = [{"type": "Paid", "version": 1, "data": {"euros": "0.29"}}]
SCHEMAS = {"Paid": {2: {"type": "object", "properties": {"cents": {"const": 29}}}}}

upcasters = Upcasters()


@upcasters.register("Paid", 1, 2)
def in_cents(data: dict[str, Any]) -> dict[str, Any]:
    return {"cents": int(Decimal(data["euros"]) * 100), "big": 2**80}
