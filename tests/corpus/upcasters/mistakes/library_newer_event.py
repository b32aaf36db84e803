"""A field was renamed in version 2. The class of version 1 loads such an event without a word, and has no owner."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

FAILS = ("newer",)
EVENTS = [
    {"type": "library_newer_event:Opened", "version": 1, "data": {"owner": "Ada"}},
    {"type": "library_newer_event:Opened", "version": 2, "data": {"holder": "Ada"}},
]


@dataclass(frozen=True)
class Opened:
    originator_id: UUID
    originator_version: int
    owner: str
