"""Puts something into the data that cannot be stored."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from harness.upcasters import Upcasters

FAILS = ("terminating",)
EVENTS = [{"type": "Opened", "version": 1, "data": {"at": "2026-01-01T00:00:00+00:00"}}]
SCHEMAS = {"Opened": {2: {"type": "object"}}}

upcasters = Upcasters()


@upcasters.register("Opened", 1, 2)
def with_time(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "at": datetime.fromisoformat(data["at"])}
