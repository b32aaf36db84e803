"""A migration that changes the event table under its strongest lock and takes seconds over it: nobody reads or writes
meanwhile."""

from __future__ import annotations

from dataclasses import replace

from ledger.migrations import Connection, Parts, Release

TAKES_S = 3
"""What filling a column of a table of millions of rows in one transaction takes; here there are only thousands."""


def behind(release: Release) -> Release:
    def expand(connection: Connection) -> None:
        release.expand(connection)
        with connection.transaction():
            connection.execute("LOCK TABLE ledger_events IN ACCESS EXCLUSIVE MODE")
            connection.execute("ALTER TABLE ledger_events ADD COLUMN IF NOT EXISTS currency text")
            connection.execute("UPDATE ledger_events SET currency = 'EUR'")
            connection.execute("SELECT pg_sleep(%s)", (TAKES_S,))

    return replace(release, expand=expand)


def migrations(parts: Parts) -> Parts:
    return Parts({name: behind(release) for name, release in parts.releases.items()})
