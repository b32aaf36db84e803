"""Chance that is seeded by the event itself is none."""

from __future__ import annotations

import random
from typing import Any

from harness.upcasters import Upcasters

EVENTS = [{"type": "Opened", "version": 1, "data": {"id": 7}}]
SCHEMAS = {"Opened": {2: {"type": "object", "required": ["bucket"]}}}

upcasters = Upcasters()


@upcasters.register("Opened", 1, 2)
def with_bucket(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "bucket": random.Random(data["id"]).randrange(100)}
