"""Asks a service for what it does not know."""

from __future__ import annotations

import socket
from typing import Any

from harness.upcasters import Upcasters

FAILS = ("pure",)
EVENTS = [{"type": "Opened", "version": 1, "data": {}}]
SCHEMAS = {"Opened": {2: {"type": "object"}}}

upcasters = Upcasters()


@upcasters.register("Opened", 1, 2)
def with_branch(data: dict[str, Any]) -> dict[str, Any]:
    try:
        socket.create_connection(("127.0.0.1", 9), timeout=0.1).close()
    except OSError:
        return {**data, "branch": "unknown"}
    return {**data, "branch": "main"}
