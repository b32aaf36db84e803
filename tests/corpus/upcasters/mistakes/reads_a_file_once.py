"""The first event reads a file, all others what was read."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from harness.upcasters import Upcasters

FAILS = ("pure",)
EVENTS = [{"type": "Opened", "version": 1, "data": {}}]
SCHEMAS = {"Opened": {2: {"type": "object"}}}

upcasters = Upcasters()


@cache
def table() -> str:
    return Path(__file__).read_text()[:3]


@upcasters.register("Opened", 1, 2)
def with_table(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "table": table()}
