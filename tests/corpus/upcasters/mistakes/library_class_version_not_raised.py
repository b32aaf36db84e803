"""The upcaster is there, and the class does not say that it is of version 2: it is never called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

FAILS = ("total", "valid")
UNKNOWN = ("newer",)
EVENTS = [{"type": "library_class_version_not_raised:Opened", "version": 1, "data": {"owner": "Ada"}}]


@dataclass(frozen=True)
class Opened:
    originator_id: UUID
    originator_version: int
    owner: str
    limit: int

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        state["limit"] = 0
