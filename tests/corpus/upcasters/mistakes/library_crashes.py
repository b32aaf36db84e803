"""Takes a field for granted that some events do not have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

FAILS = ("terminating",)
UNKNOWN = ("newer",)
EVENTS = [
    {"type": "library_crashes:Opened", "version": 1, "data": {"holder": "Ada"}},
    {"type": "library_crashes:Opened", "version": 1, "data": {}},
]


@dataclass(frozen=True)
class Opened:
    class_version: ClassVar[int] = 2

    originator_id: UUID
    originator_version: int
    owner: str

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        state["owner"] = state.pop("holder")
