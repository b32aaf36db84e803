"""A point in time with its zone is the same everywhere."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from harness.upcasters import Upcasters

EVENTS = [{"type": "Opened", "version": 1, "data": {"at_s": 1700000000}}]
SCHEMAS = {"Opened": {2: {"type": "object", "properties": {"at": {"type": "string", "format": "date-time"}}}}}

upcasters = Upcasters()


@upcasters.register("Opened", 1, 2)
def with_time(data: dict[str, Any]) -> dict[str, Any]:
    return {"at": datetime.fromtimestamp(data["at_s"], UTC).isoformat()}
