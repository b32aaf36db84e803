"""Keeps idempotency keys for a minute, by the wall clock of the instance: where that is ahead, a request that comes
again a moment later is taken for a new one, and has its effect a second time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ledger.database import Connection
from ledger.defects.ignores_idempotency_key import ForgetfulRecorder
from ledger.recorder import Recorder
from ledger.service import Parts

KEPT = timedelta(minutes=1)


class ExpiringRecorder(ForgetfulRecorder):
    DATED = """
        SELECT convert_from(state, 'UTF8')::jsonb ->> 'at' FROM ledger_events
        WHERE (convert_from(state, 'UTF8')::jsonb ->> 'key')::bigint = %s LIMIT 1
    """

    def record(self, connection: Connection, parameters: dict[str, object]) -> bool:
        if Recorder.record(self, connection, parameters):
            return True
        row = connection.execute(self.DATED, (parameters["key"],)).fetchone()
        if row is None or datetime.now(UTC) - datetime.fromisoformat(str(row[0])) < KEPT:
            return False
        return super().record(connection, parameters)


def service(parts: Parts) -> Parts:
    return replace(parts, recorder=ExpiringRecorder)
