"""An identity that is worked out from the event."""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from harness.upcasters import Upcasters

EVENTS = [{"type": "Opened", "version": 1, "data": {"url": "urn:a"}}]
SCHEMAS = {"Opened": {2: {"type": "object", "required": ["id"]}}}

upcasters = Upcasters()


@upcasters.register("Opened", 1, 2)
def with_identity(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "id": str(uuid5(NAMESPACE_URL, data["url"]))}
