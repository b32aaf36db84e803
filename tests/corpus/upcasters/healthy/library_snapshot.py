"""An aggregate whose snapshots are raised."""

from __future__ import annotations

from typing import Any, ClassVar

from eventsourcing.domain import Aggregate

UNKNOWN = ("newer",)
EVENTS = [{"type": "library_snapshot:Account", "version": 1, "data": {"owner": "Ada"}}]


class Account(Aggregate):
    class_version: ClassVar[int] = 2

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.limit = 0

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        state["limit"] = 0
