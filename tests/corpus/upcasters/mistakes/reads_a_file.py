"""Looks something up that may be another tomorrow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.upcasters import Upcasters

FAILS = ("pure",)
EVENTS = [{"type": "Opened", "version": 1, "data": {}}]
SCHEMAS = {"Opened": {2: {"type": "object"}}}

upcasters = Upcasters()


@upcasters.register("Opened", 1, 2)
def with_machine(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "on": Path("/etc/hostname").exists()}
