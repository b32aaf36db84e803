"""The same all day long, and another the next day."""

from __future__ import annotations

from datetime import date
from typing import Any

from harness.upcasters import Upcasters

FAILS = ("pure",)
EVENTS = [{"type": "Opened", "version": 1, "data": {}}]
SCHEMAS = {"Opened": {2: {"type": "object"}}}

upcasters = Upcasters()
today = date.today


@upcasters.register("Opened", 1, 2)
def with_day(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "day": today().isoformat()}
