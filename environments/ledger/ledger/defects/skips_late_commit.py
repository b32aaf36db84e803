"""Publishes by event number: a number is drawn before the commit, so an event of a slow transaction appears below the
number that was published last, and is never looked at again. Some transactions are slow: they screen the transfer."""

from __future__ import annotations

from dataclasses import replace

from ledger.database import Connection
from ledger.outbox import Outbox
from ledger.recorder import Recorder
from ledger.service import Parts

SCREENED_OF = 8
SCREENING_S = 0.06


class ByNumber(Outbox):
    PENDING = """
        SELECT recorded_in::text AS transaction, notification_id, originator_id, originator_version, topic,
               (convert_from(state, 'UTF8')::jsonb ->> 'key')::bigint, state
        FROM ledger_events WHERE notification_id > %(event)s ORDER BY notification_id LIMIT %(limit)s
    """


class ScreeningRecorder(Recorder):
    def record(self, connection: Connection, parameters: dict[str, object]) -> bool:
        if int(str(parameters["key"])) % SCREENED_OF:
            return super().record(connection, parameters)
        with connection.transaction():
            recorded = super().record(connection, parameters)
            connection.execute("SELECT pg_sleep(%s)", (SCREENING_S,))
        return recorded


def service(parts: Parts) -> Parts:
    return replace(parts, outbox=ByNumber, recorder=ScreeningRecorder)
