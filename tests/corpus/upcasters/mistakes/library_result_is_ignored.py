"""Returns new data, as plain upcasters do; the library takes no notice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

FAILS = ("valid",)
UNKNOWN = ("newer",)
EVENTS = [{"type": "library_result_is_ignored:Opened", "version": 1, "data": {"owner": "Ada"}}]


@dataclass(frozen=True)
class Opened:
    class_version: ClassVar[int] = 2

    originator_id: UUID
    originator_version: int
    owner: str
    limit: int

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> dict[str, Any]:
        return {**state, "limit": 0}
