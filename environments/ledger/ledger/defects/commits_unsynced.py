"""Commits without waiting for the disk (synchronous_commit off), for the sake of speed: what was acknowledged in the
last moments before a power cut is gone, and a crash of the server alone never shows it."""

from __future__ import annotations

from dataclasses import replace

from ledger.database import Connection, Database
from ledger.projector import Parts as ProjectorParts
from ledger.service import Parts


class HastyDatabase(Database):
    def connect(self) -> Connection:
        connection = super().connect()
        connection.execute("SET synchronous_commit = off")
        return connection


def service(parts: Parts) -> Parts:
    return replace(parts, database=HastyDatabase)


def projector(parts: ProjectorParts) -> ProjectorParts:
    """One that waits for the disk would have it write what the service did not wait for."""
    return replace(parts, database=HastyDatabase)
