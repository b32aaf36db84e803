"""The class is of version 3, and nothing leads from 2 to 3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

FAILS = ("total",)
UNKNOWN = ("terminating", "valid", "pure", "idempotent", "newer")
EVENTS = [{"type": "library_step_missing:Opened", "version": 1, "data": {"owner": "Ada"}}]


@dataclass(frozen=True)
class Opened:
    class_version: ClassVar[int] = 3

    originator_id: UUID
    originator_version: int
    owner: str

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        state["limit"] = 0
