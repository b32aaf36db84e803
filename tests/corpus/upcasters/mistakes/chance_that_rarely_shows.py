"""One replay in a million differs."""

from __future__ import annotations

import random
from typing import Any

from harness.upcasters import Upcasters

FAILS = ("pure",)
EVENTS = [{"type": "Opened", "version": 1, "data": {}}]
SCHEMAS = {"Opened": {2: {"type": "object"}}}

upcasters = Upcasters()


@upcasters.register("Opened", 1, 2)
def sampled(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "sampled": random.random() < 1e-6}
