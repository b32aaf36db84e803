"""Recorded events as each process of a release reads them: what the harness replays through each release.

`python HELPER ledger.replay.accounts:ACCOUNTS`, with LEDGER_VERSION and LEDGER_VARIANT as for the other processes.
"""

from __future__ import annotations

import json
import os
from typing import Any, Protocol, cast

from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent

from ledger.domain.account import Domain, Event


class Recorded(Protocol):
    """An event as the harness hands it over."""

    stream: str
    position: int
    type: str
    version: int
    data: Any


class Reader:
    """Stored events by the library's mapper, with the event classes of one release."""

    def __init__(self, domain: Domain) -> None:
        domain.register()
        self.domain = domain
        self._mapper: Mapper[str] = Mapper(JSONTranscoder())

    def event(self, recorded: Recorded) -> Event:
        stored = StoredEvent(
            originator_id=recorded.stream,
            originator_version=recorded.position,
            topic=recorded.type,
            state=json.dumps(recorded.data).encode(),
        )
        return cast("Event", self._mapper.to_domain_event(stored))

    def newer(self, recorded: Recorded) -> int | None:
        """The version that this release knows of the event's type, if the event is of a later one."""
        types = {event.TOPIC: event for event in (self.domain.opened, self.domain.debited, self.domain.credited)}
        known = int(getattr(types[recorded.type], "class_version", 1))
        return known if recorded.version > known else None


def release() -> str:
    return os.environ["LEDGER_VERSION"].partition("+")[0]
