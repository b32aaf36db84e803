"""A mapper that refuses what is newer than the class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent
from eventsourcing.utils import resolve_topic

EVENTS = [
    {"type": "library_refuses_newer_events:Opened", "version": 1, "data": {"holder": "Ada"}},
    {"type": "library_refuses_newer_events:Opened", "version": 3, "data": {"who": "Ada"}},
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


class StrictMapper(Mapper[UUID]):
    """Refuses an event of a version that its class does not know."""

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        version = self.transcoder.decode(stored_event.state).get("class_version", 1)
        known = getattr(resolve_topic(stored_event.topic), "class_version", 1)
        if version > known:
            raise ValueError(f"{stored_event.topic} is of version {version}, and {known} is the newest known here")
        return super().to_domain_event(stored_event)


mapper = StrictMapper(JSONTranscoder())
