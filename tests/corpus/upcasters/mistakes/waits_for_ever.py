"""Waits for a lock that nobody lets go of."""

from __future__ import annotations

import threading
from typing import Any

from harness.upcasters import Upcasters

FAILS = ("terminating",)
EVENTS = [{"type": "OrderPlaced", "version": 1, "data": {"cents": 5}}]
SCHEMAS = {"OrderPlaced": {2: {"type": "object"}}}

upcasters = Upcasters()

LOCK = threading.Lock()
LOCK.acquire()


@upcasters.register("OrderPlaced", 1, 2)
def with_currency(data: dict[str, Any]) -> dict[str, Any]:
    with LOCK:
        return {**data, "currency": "EUR"}
