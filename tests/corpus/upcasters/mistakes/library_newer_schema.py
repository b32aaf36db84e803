"""The schema of version 2 is there before its class: what it admits, the class of version 1 loads without an owner."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

FAILS = ("newer",)
UNKNOWN = ("idempotent",)
SCHEMAS = {
    "Opened": {
        2: {
            "type": "object",
            "properties": {"holder": {"type": "string"}},
            "required": ["holder"],
            "additionalProperties": False,
        }
    }
}


@dataclass(frozen=True)
class Opened:
    originator_id: UUID
    originator_version: int
    owner: str
