"""Commits without waiting for the disk (synchronous_commit off), for the sake of speed: what was acknowledged in the
last moments before a power cut is gone, and a crash of the server alone never shows it."""

from __future__ import annotations

from dataclasses import replace

from ledger.database import OPTIONS, Connection, Database
from ledger.projector import Parts as ProjectorParts
from ledger.service import Parts

UNSYNCED = f"{OPTIONS} -c synchronous_commit=off"


class HastyDatabase(Database):
    def connect(self) -> Connection:
        return Connection.connect(
            self._url, autocommit=True, connect_timeout=2, options=UNSYNCED, application_name=self._name
        )


def service(parts: Parts) -> Parts:
    return replace(parts, database=HastyDatabase)


def projector(parts: ProjectorParts) -> ProjectorParts:
    """One that waits for the disk would have it write what the service did not wait for."""
    return replace(parts, database=HastyDatabase)
