"""A point in time is written down as the clock on the wall of this machine."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from harness.upcasters import Upcasters

FAILS = ("pure",)
EVENTS = [{"type": "Opened", "version": 1, "data": {"at_s": 1700000000}}]
SCHEMAS = {"Opened": {2: {"type": "object"}}}

upcasters = Upcasters()


@upcasters.register("Opened", 1, 2)
def with_time(data: dict[str, Any]) -> dict[str, Any]:
    return {"at": datetime.fromtimestamp(data["at_s"]).isoformat()}
