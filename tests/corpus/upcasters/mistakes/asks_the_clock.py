"""The time of the migration is written as if it were the time of the event."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from harness.upcasters import Upcasters

FAILS = ("pure",)
EVENTS = [{"type": "Opened", "version": 1, "data": {}}]
SCHEMAS = {"Opened": {2: {"type": "object"}}}

upcasters = Upcasters()


@upcasters.register("Opened", 1, 2)
def with_time(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "at": datetime.now(UTC).isoformat()}
