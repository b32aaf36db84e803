"""The event store: PostgreSQL behind the eventsourcing library's recorder interface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from eventsourcing.persistence import AggregateRecorder, IntegrityError, StoredEvent

from ledger.database import Connection, Database


@dataclass(frozen=True)
class Answer:
    """What a client is told of its request. It is kept with the request's key."""

    status: int
    body: str
    """JSON."""


@dataclass(frozen=True)
class Claim:
    """A request, by its idempotency key, and the answer that it gets if it is the first with that key."""

    key: int
    request: str
    """What was asked for; the same key with another request is a client's mistake."""
    answer: Answer


class KeyUsed(Exception):
    """The key was claimed before; nothing was recorded. `first` is the claim that was."""

    def __init__(self, first: Claim) -> None:
        super().__init__(f"key {first.key} was used before")
        self.first = first


class Recorder(AggregateRecorder):
    """Records a request's events and its key together or not at all.

    It is one statement, so one transaction and one round trip: an instance that is paused or cut off in the middle
    holds no lock. Events are inserted in the order of their accounts, so that no two transfers wait for each other.
    """

    INSERT = """
        WITH claimed AS (
            INSERT INTO ledger_requests (key, request, status, answer)
            VALUES (%(key)s, %(request)s, %(status)s, %(answer)s)
            ON CONFLICT (key) DO NOTHING
            RETURNING key
        ), recorded AS (
            INSERT INTO ledger_events (originator_id, originator_version, topic, state)
            SELECT id, version, topic, state
            FROM unnest(%(ids)s::text[], %(versions)s::bigint[], %(topics)s::text[], %(states)s::bytea[])
                 AS event (id, version, topic, state)
            WHERE EXISTS (SELECT FROM claimed)
            ORDER BY id, version
        )
        SELECT count(*) FROM claimed
    """
    SELECT = """
        SELECT originator_id, originator_version, topic, state FROM ledger_events
        WHERE originator_id = %s AND originator_version > %s AND originator_version <= %s
        ORDER BY originator_version {direction} LIMIT %s
    """
    FIRST = "SELECT request, status, answer FROM ledger_requests WHERE key = %s"
    UNBOUNDED = 2**62

    def __init__(self, database: Database) -> None:
        self.database = database

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Raises IntegrityError if another request was faster with one of the accounts, KeyUsed, Unavailable."""
        claim: Claim = kwargs["claim"]
        parameters = {
            "key": claim.key,
            "request": claim.request,
            "status": claim.answer.status,
            "answer": claim.answer.body,
            "ids": [str(event.originator_id) for event in stored_events],
            "versions": [event.originator_version for event in stored_events],
            "topics": [event.topic for event in stored_events],
            "states": [event.state for event in stored_events],
        }
        try:
            claimed = self.database.run(lambda connection: self.record(connection, parameters))
        except psycopg.errors.UniqueViolation as error:
            raise IntegrityError(str(error)) from error
        if not claimed:
            raise KeyUsed(self._first(claim.key))
        return None

    def record(self, connection: Connection, parameters: dict[str, object]) -> bool:
        """Whether the key was free, and so the events are recorded."""
        row = connection.execute(self.INSERT, parameters, prepare=True).fetchone()
        return row == (1,)

    def _first(self, key: int) -> Claim:
        row = self.database.run(lambda connection: connection.execute(self.FIRST, (key,), prepare=True).fetchone())
        if row is None:
            raise LookupError(f"key {key} is claimed and not there")
        request, status, answer = row
        return Claim(key, str(request), Answer(int(str(status)), str(answer)))

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        statement = self.SELECT.format(direction="DESC" if desc else "ASC")
        bounds = (originator_id, gt or 0, lte or self.UNBOUNDED, limit or self.UNBOUNDED)
        rows = self.database.run(lambda connection: connection.execute(statement, bounds, prepare=True).fetchall())
        return [StoredEvent(*row) for row in rows]  # type: ignore[arg-type]
