"""The outbox is the event table itself; a row beside it says who publishes it, and up to where that is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.database import Connection, Database

LEASE_S = 0.7
"""A publisher that was not heard of for so long is replaced: it may be dead, paused or cut off."""


@dataclass(frozen=True, slots=True)
class Position:
    """Place of an event in the order in which events are published."""

    transaction: str
    event: int


@dataclass(frozen=True, slots=True)
class Entry:
    """An event to publish."""

    place: Position
    account: str
    version: int
    topic: str
    key: int
    state: bytes


class Outbox:
    """What is to be published, for the one instance that holds the lease.

    Events are read in the order of their transactions (then of their numbers), and only from transactions older than
    every one that still runs. So nothing can appear later in front of what was read, as it would by event number:
    numbers are drawn before the commit, and a slow transaction commits a low number late. Within an account this is
    also the order of its events, since each was decided after the one before was committed. The library's recorder
    gets there by locking the table, which lets only one instance write at a time and stops all when it is paused.
    """

    ACQUIRE = """
        UPDATE relay SET holder = %(me)s, expires_at = clock_timestamp() + %(lease_s)s * interval '1 second'
        WHERE holder = %(me)s OR expires_at < clock_timestamp()
        RETURNING transaction::text, event
    """
    PENDING = """
        SELECT recorded_in::text AS transaction, notification_id, originator_id, originator_version, topic,
               (convert_from(state, 'UTF8')::jsonb ->> 'key')::bigint, state
        FROM ledger_events
        WHERE (recorded_in, notification_id) > (%(transaction)s::xid8, %(event)s)
          AND recorded_in < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY recorded_in, notification_id LIMIT %(limit)s
    """
    # What the broker has it has, whoever holds the lease by now: so every round gets on, even if it outlasts a lease.
    RENEW = """
        UPDATE relay
        SET (transaction, event) = (
                SELECT place.transaction, place.event
                FROM (VALUES (relay.transaction, relay.event), (%(transaction)s::xid8, %(event)s::bigint))
                         AS place (transaction, event)
                ORDER BY place.transaction DESC, place.event DESC LIMIT 1),
            expires_at = CASE WHEN holder = %(me)s
                              THEN clock_timestamp() + %(lease_s)s * interval '1 second' ELSE expires_at END
        RETURNING holder = %(me)s
    """
    RELEASE = "UPDATE relay SET expires_at = '-infinity' WHERE holder = %s"

    def __init__(self, database: Database, holder: str) -> None:
        self._database = database
        self._me = holder

    def acquire(self) -> Position | None:
        """Up to where it is published, if the lease is ours now; None while another holds it."""
        parameters = {"me": self._me, "lease_s": LEASE_S}
        row = self._database.run(lambda connection: connection.execute(self.ACQUIRE, parameters).fetchone())
        return None if row is None else Position(str(row[0]), int(str(row[1])))

    def pending(self, after: Position, limit: int) -> Sequence[Entry]:
        parameters = {"transaction": after.transaction, "event": after.event, "limit": limit}

        def question(connection: Connection) -> list[tuple[object, ...]]:
            return connection.execute(self.PENDING, parameters, prepare=True).fetchall()

        return [
            Entry(Position(transaction, event), *rest)  # type: ignore[arg-type]
            for transaction, event, *rest in self._database.run(question)
        ]

    def renew(self, done: Position) -> bool:
        """Note up to where it is published; False if another took the lease meanwhile."""
        parameters = {"me": self._me, "lease_s": LEASE_S, "transaction": done.transaction, "event": done.event}
        row = self._database.run(lambda connection: connection.execute(self.RENEW, parameters, prepare=True).fetchone())
        return row == (True,)

    def release(self) -> None:
        self._database.run(lambda connection: connection.execute(self.RELEASE, (self._me,)))
