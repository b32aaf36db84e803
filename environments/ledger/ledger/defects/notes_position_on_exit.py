"""Remembers in memory up to where it has published, and notes that when it stops, without an id by which the broker
would know what it gets again: after an end that it did not see coming, its successor publishes all of it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ledger.broker import SUBJECT
from ledger.database import Database
from ledger.outbox import LEASE_S, Entry, Outbox, Position
from ledger.publisher import ACK_TIMEOUT_S, Publisher, headers
from ledger.service import Parts


class NotedLate(Outbox):
    HOLD = """
        UPDATE relay SET expires_at = clock_timestamp() + %s * interval '1 second' WHERE holder = %s RETURNING true
    """
    NOTE = "UPDATE relay SET transaction = %s::xid8, event = %s WHERE holder = %s"

    def __init__(self, database: Database, holder: str) -> None:
        super().__init__(database, holder)
        self._done: Position | None = None

    def renew(self, done: Position) -> bool:
        self._done = done
        row = self._database.run(lambda connection: connection.execute(self.HOLD, (LEASE_S, self._me)).fetchone())
        return row is not None

    def release(self) -> None:
        if (done := self._done) is not None:
            parameters = (done.transaction, done.event, self._me)
            self._database.run(lambda connection: connection.execute(self.NOTE, parameters))
        super().release()


class Anonymous(Publisher):
    async def publish(self, entries: Sequence[Entry]) -> int:
        for entry in entries:
            told = {name: value for name, value in headers(entry).items() if name != "Nats-Msg-Id"}
            await self.jetstream.publish(f"{SUBJECT}.{entry.account}", entry.state, headers=told, timeout=ACK_TIMEOUT_S)
        return len(entries)


def service(parts: Parts) -> Parts:
    return replace(parts, outbox=NotedLate, publisher=Anonymous)
