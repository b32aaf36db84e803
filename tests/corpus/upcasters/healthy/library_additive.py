"""Version 2 has a field more. The class of version 1 reads such an event, and its schema says that it may."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

EVENTS = [
    {"type": "library_additive:Opened", "version": 1, "data": {"owner": "Ada"}},
    {"type": "library_additive:Opened", "version": 2, "data": {"owner": "Ada", "limit": 5}},
]
SCHEMAS = {"Opened": {1: {"type": "object", "properties": {"owner": {"type": "string"}}, "required": ["owner"]}}}


@dataclass(frozen=True)
class Opened:
    originator_id: UUID
    originator_version: int
    owner: str
