"""Three versions of a class of the library, with the transcodings it has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

UNKNOWN = ("newer",)
EVENTS = [
    {"type": "library_chain:Opened", "version": 1, "data": {"owner": "Ada"}},
    {
        "type": "library_chain:Opened",
        "version": 2,
        "data": {"owner": "Ada", "limit": {"_type_": "decimal_str", "_data_": "1.5"}},
    },
]


@dataclass(frozen=True)
class Opened:
    class_version: ClassVar[int] = 3

    originator_id: UUID
    originator_version: int
    owner: str
    limit: Decimal
    at: datetime

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        state["limit"] = Decimal("0.5")

    @staticmethod
    def upcast_v2_v3(state: dict[str, Any]) -> None:
        state["at"] = datetime(2000, 1, 1, tzinfo=UTC)
