"""Schema changes: `python migrate.py setup|expand|contract|back|switch|switch_back [release]`.

Each may be run again, and none makes live traffic wait: changes of a table take their lock within LOCK_TIMEOUT or
let the others pass and try again, nothing is rewritten, and rows are filled in small batches.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import psycopg

from ledger.defects import install
from ledger.settings import read_variants

log = logging.getLogger(__name__)

Connection = psycopg.Connection[tuple[object, ...]]
Migration = Callable[[Connection], None]

LOCK_TIMEOUT = "50ms"
ATTEMPTS_MAX = 200
ROWS_A_BATCH = 500

SETUP = """
    CREATE TABLE IF NOT EXISTS ledger_events (
        originator_id text NOT NULL,
        originator_version bigint NOT NULL,
        topic text NOT NULL,
        state bytea NOT NULL,
        notification_id bigint GENERATED ALWAYS AS IDENTITY,
        recorded_in xid8 NOT NULL DEFAULT pg_current_xact_id(),
        PRIMARY KEY (originator_id, originator_version)
    );
    CREATE INDEX IF NOT EXISTS ledger_events_published ON ledger_events (recorded_in, notification_id);
    CREATE UNIQUE INDEX IF NOT EXISTS ledger_events_numbered ON ledger_events (notification_id);
    CREATE TABLE IF NOT EXISTS ledger_requests (
        key bigint PRIMARY KEY,
        request text NOT NULL,
        status smallint NOT NULL,
        answer text NOT NULL
    );
    CREATE TABLE IF NOT EXISTS balances (
        account text PRIMARY KEY,
        value bigint NOT NULL,
        position bigint NOT NULL
    ) WITH (fillfactor = 50);
    CREATE TABLE IF NOT EXISTS relay (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        holder text NOT NULL DEFAULT '',
        expires_at timestamptz NOT NULL DEFAULT '-infinity',
        transaction xid8 NOT NULL DEFAULT '0',
        event bigint NOT NULL DEFAULT 0
    ) WITH (fillfactor = 10);
    INSERT INTO relay DEFAULT VALUES ON CONFLICT DO NOTHING;
"""


def setup(connection: Connection) -> None:
    with connection.transaction():
        connection.execute(SETUP)


def nothing(_: Connection) -> None:
    """This phase has nothing to do in this release."""


def add_currency(connection: Connection) -> None:
    gently(connection, "ALTER TABLE balances ADD COLUMN IF NOT EXISTS currency text")


def require_currency(connection: Connection) -> None:
    """Fill what 1.x left empty. The default comes first, so a 1.x that is still about does no harm."""
    gently(connection, "ALTER TABLE balances ALTER COLUMN currency SET DEFAULT 'EUR'")
    fill = """
        UPDATE balances SET currency = 'EUR' WHERE account IN (
            SELECT account FROM balances WHERE currency IS NULL LIMIT %s FOR UPDATE SKIP LOCKED)
    """
    missing = "SELECT EXISTS (SELECT FROM balances WHERE currency IS NULL)"
    while connection.execute(missing).fetchone() == (True,):
        connection.execute(fill, (ROWS_A_BATCH,))
    # SET NOT NULL alone would scan the table under its strongest lock; a valid constraint saves it the scan.
    gently(connection, "ALTER TABLE balances DROP CONSTRAINT IF EXISTS currency_known")
    gently(connection, "ALTER TABLE balances ADD CONSTRAINT currency_known CHECK (currency IS NOT NULL) NOT VALID")
    gently(connection, "ALTER TABLE balances VALIDATE CONSTRAINT currency_known")
    gently(connection, "ALTER TABLE balances ALTER COLUMN currency SET NOT NULL")
    gently(connection, "ALTER TABLE balances DROP CONSTRAINT currency_known")


def allow_no_currency(connection: Connection) -> None:
    """Undo `require_currency`, if it came to that. The column stays: 1.1 knows it, and 1.0 does not look."""
    add_currency(connection)
    gently(connection, "ALTER TABLE balances ALTER COLUMN currency DROP NOT NULL")
    gently(connection, "ALTER TABLE balances ALTER COLUMN currency DROP DEFAULT")


def drop_currency(connection: Connection) -> None:
    gently(connection, "ALTER TABLE balances DROP COLUMN IF EXISTS currency")


def gently(connection: Connection, statement: str) -> None:
    """Change a table, never making others queue behind us for longer than LOCK_TIMEOUT.

    Raises psycopg.errors.LockNotAvailable when ATTEMPTS_MAX were not enough.
    """
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            with connection.transaction():
                connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
                connection.execute(statement)
        except psycopg.errors.LockNotAvailable:
            if attempt == ATTEMPTS_MAX:
                raise
            time.sleep(LET_PASS_S)
        else:
            return


LET_PASS_S = 0.05
"""Between two attempts; others get their locks meanwhile."""


@dataclass(frozen=True)
class Release:
    expand: Migration = nothing
    contract: Migration = nothing
    back: Migration = nothing
    switch: Migration = nothing
    switch_back: Migration = nothing


@dataclass(frozen=True)
class Parts:
    """The migrations of each release; `ledger.defects` may replace some."""

    releases: Mapping[str, Release]


PARTS = Parts(
    {
        "1.0": Release(),
        "1.1": Release(expand=add_currency, back=drop_currency),
        "2.0": Release(expand=add_currency, contract=require_currency, back=allow_no_currency),
        "2.1": Release(),
        "3.0": Release(),
    }
)


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("phase", choices=["setup", "expand", "contract", "back", "switch", "switch_back"])
    parser.add_argument("release", nargs="?", default="1.0", help="variants after a + are ignored")
    parser.add_argument("--database", required=True, metavar="URL")
    arguments = parser.parse_args()
    parts = install("migrations", PARTS, read_variants())
    release = parts.releases[arguments.release.partition("+")[0]]
    migration = setup if arguments.phase == "setup" else getattr(release, arguments.phase)
    with psycopg.connect(arguments.database, autocommit=True, connect_timeout=5) as connection:
        migration(connection)
    log.info("%s %s: done", arguments.phase, arguments.release)
    return 0


if __name__ == "__main__":
    sys.exit(main())
