"""A read model that is built anew beside the one that serves, switched with it, and switched back.

Readers look at the schema `public` alone. Projectors look at another one first: those of the release that builds anew
at `rebuilt`, all others at `kept`. So each goes on with its own read model, whichever of the two serves:

    while it is built    public (the old one)   rebuilt (the new one)
    when it is switched  public (the new one)   kept (the old one)
"""

from __future__ import annotations

import time

import psycopg

from ledger.broker import CONSUMER
from ledger.migrations import ATTEMPTS_MAX, LET_PASS_S, LOCK_TIMEOUT, Connection

KEPT, REBUILT = "kept", "rebuilt"

EXPAND = """
    CREATE SCHEMA IF NOT EXISTS rebuilt;
    CREATE SCHEMA IF NOT EXISTS kept;
    CREATE TABLE IF NOT EXISTS rebuilt.balances (LIKE public.balances INCLUDING ALL) WITH (fillfactor = 50);
"""
FORGET = "DROP SCHEMA IF EXISTS kept, rebuilt CASCADE"
BEHIND = """
    SELECT EXISTS (
        SELECT FROM public.balances AS shown LEFT JOIN {coming}.balances AS coming USING (account)
        WHERE coalesce(coming.position, 0) < shown.position)
"""


def consumer_of(read_model: str) -> str:
    """A read model that is built anew takes all events from the first on, so its projectors share one of their own."""
    return f"{CONSUMER}-{read_model}" if read_model == REBUILT else CONSUMER


def expand(connection: Connection) -> None:
    with connection.transaction():
        connection.execute(EXPAND)


def switch(connection: Connection) -> None:
    _serve(connection, "rebuilt", leaving_to="kept")


def switch_back(connection: Connection) -> None:
    """If it was switched."""
    if connection.execute("SELECT to_regclass('kept.balances') IS NOT NULL").fetchone() == (True,):
        _serve(connection, "kept", leaving_to="rebuilt")


def forget(connection: Connection) -> None:
    """Whatever does not serve."""
    connection.execute(FORGET)


def _serve(connection: Connection, coming: str, *, leaving_to: str) -> None:
    """Let what stands in the schema `coming` serve from now on, and keep what served.

    Not while it is behind: who has seen an event in the one must not miss it in the other. Nobody waits for longer than
    LOCK_TIMEOUT. Raises TimeoutError when ATTEMPTS_MAX were not enough.
    """
    for _ in range(ATTEMPTS_MAX):
        try:
            with connection.transaction():
                connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
                connection.execute(f"LOCK TABLE public.balances, {coming}.balances IN ACCESS EXCLUSIVE MODE")
                if connection.execute(BEHIND.format(coming=coming)).fetchone() == (False,):
                    connection.execute(f"ALTER TABLE public.balances SET SCHEMA {leaving_to}")
                    connection.execute(f"ALTER TABLE {coming}.balances SET SCHEMA public")
                    return
        except psycopg.errors.LockNotAvailable:
            pass
        time.sleep(LET_PASS_S)
    raise TimeoutError(f"{coming}.balances was behind, or not to be had, {ATTEMPTS_MAX} times")
