"""An account from its recorded events, as a release reads them: what the harness replays through each release.

`python HELPER ledger.replay:ACCOUNTS`, with LEDGER_VERSION and LEDGER_VARIANT as for the other processes.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol, cast

from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent

from ledger.defects import install
from ledger.domain import domain_of
from ledger.domain.account import Account, Domain, Event
from ledger.service import Parts
from ledger.settings import read_variants

if TYPE_CHECKING:
    from collections.abc import Mapping


class Recorded(Protocol):
    """An event as the harness hands it over."""

    stream: str
    position: int
    type: str
    version: int
    data: Any


class Accounts:
    """The fold of one release: stored events by the library's mapper, then the release's own projection."""

    def __init__(self, domain: Domain) -> None:
        domain.register()
        self._domain = domain
        self._mapper: Mapper[str] = Mapper(JSONTranscoder())

    def fold(self, account: Account | None, recorded: Recorded) -> Account | None:
        event = self._event(recorded)
        return self._domain.project(account, (event,))

    def newer(self, recorded: Recorded) -> int | None:
        """The version that this release knows of the event's type, if the event is of a later one."""
        types = {event.TOPIC: event for event in (self._domain.opened, self._domain.debited, self._domain.credited)}
        known = int(getattr(types[recorded.type], "class_version", 1))
        return known if recorded.version > known else None

    @staticmethod
    def dump(account: Account | None) -> object:
        return None if account is None else asdict(account)

    @staticmethod
    def restore(snapshot: Mapping[str, Any]) -> Account:
        return Account(**snapshot)

    def _event(self, recorded: Recorded) -> Event:
        stored = StoredEvent(
            originator_id=recorded.stream,
            originator_version=recorded.position,
            topic=recorded.type,
            state=json.dumps(recorded.data).encode(),
        )
        return cast("Event", self._mapper.to_domain_event(stored))


def _served() -> Accounts:
    release = os.environ["LEDGER_VERSION"].partition("+")[0]
    return Accounts(install("service", Parts(domain_of(release)), read_variants()).domain)


ACCOUNTS = _served()
