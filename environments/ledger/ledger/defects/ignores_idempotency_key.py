"""Notes the key of a request and never looks whether it was there: a repeated request has its effect again."""

from __future__ import annotations

from dataclasses import replace

from ledger.database import Connection
from ledger.recorder import Recorder
from ledger.service import Parts


class ForgetfulRecorder(Recorder):
    INSERT_ALWAYS = """
        WITH noted AS (
            INSERT INTO ledger_requests (key, request, status, answer)
            VALUES (%(key)s, %(request)s, %(status)s, %(answer)s)
            ON CONFLICT (key) DO NOTHING
        )
        INSERT INTO ledger_events (originator_id, originator_version, topic, state)
        SELECT id, version, topic, state
        FROM unnest(%(ids)s::text[], %(versions)s::bigint[], %(topics)s::text[], %(states)s::bytea[])
             AS event (id, version, topic, state)
        ORDER BY id, version
    """

    def record(self, connection: Connection, parameters: dict[str, object]) -> bool:
        connection.execute(self.INSERT_ALWAYS, parameters, prepare=True)
        return True


def service(parts: Parts) -> Parts:
    return replace(parts, recorder=ForgetfulRecorder)
