"""Every replay gives the event another identity."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from harness.upcasters import Upcasters

FAILS = ("pure",)
EVENTS = [{"type": "Opened", "version": 1, "data": {}}]
SCHEMAS = {"Opened": {2: {"type": "object"}}}

upcasters = Upcasters()


@upcasters.register("Opened", 1, 2)
def with_identity(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "id": str(uuid4())}
