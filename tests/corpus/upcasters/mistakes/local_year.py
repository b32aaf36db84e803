"""Asks for the year without a word of the clock."""

from __future__ import annotations

import time
from typing import Any

from harness.upcasters import Upcasters

FAILS = ("pure",)
EVENTS = [{"type": "Opened", "version": 1, "data": {}}]
SCHEMAS = {"Opened": {2: {"type": "object"}}}

upcasters = Upcasters()


@upcasters.register("Opened", 1, 2)
def with_year(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "year": time.localtime().tm_year}
