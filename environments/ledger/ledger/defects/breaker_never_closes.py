"""A circuit breaker that opens when the database refuses a write, as while it fails over, and that nobody closes."""

from __future__ import annotations

from dataclasses import replace

import psycopg

from ledger.database import Connection, Database, Unavailable
from ledger.recorder import Recorder
from ledger.service import Parts


class Breaker(Recorder):
    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._open = False

    def record(self, connection: Connection, parameters: dict[str, object]) -> bool:
        if self._open:
            raise Unavailable("the circuit breaker is open")
        try:
            return super().record(connection, parameters)
        except psycopg.errors.ReadOnlySqlTransaction:
            self._open = True
            raise


def service(parts: Parts) -> Parts:
    return replace(parts, recorder=Breaker)
