"""PostgreSQL connections that fail fast and come back by themselves.

psycopg's own pool waits 1, 2, 4, … seconds between attempts to reconnect, so a blip of three seconds costs seven.
This one connects when a connection is wanted, and bounds every wait for the server.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import ConnStatus, TransactionStatus

log = logging.getLogger(__name__)
Result = TypeVar("Result")
Waited = TypeVar("Waited")

STATEMENT_TIMEOUT_S = 1.5
ANSWER_TIMEOUT_S = 2.0
ACQUIRE_TIMEOUT_S = 1.0
OPTIONS = " ".join(
    f"-c {setting}"
    for setting in (
        f"statement_timeout={STATEMENT_TIMEOUT_S * 1000:.0f}",
        "lock_timeout=1000",
        "idle_in_transaction_session_timeout=1000",
        # Tables are small at first, and plans are kept: never keep one that scans a whole table.
        "plan_cache_mode=force_generic_plan",
        "enable_seqscan=off",
        "jit=off",
    )
)


TROUBLE = (psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction)
"""The latter while it fails over."""


class Unavailable(Exception):
    """The database does not answer (in time); whether the last statement took effect is not known."""


class Connection(psycopg.Connection[tuple[object, ...]]):
    """Gives up waiting when no answer comes: a server behind a broken network cannot even time a statement out."""

    def wait(self, gen: PQGen[Waited], interval: float = 0.1, timeout: float | None = None) -> Waited:
        return super().wait(gen, interval=interval, timeout=ANSWER_TIMEOUT_S if timeout is None else timeout)


class Database:
    """A pool of up to `size` connections, for threads."""

    def __init__(self, url: str, *, size: int, name: str, schema: str = "") -> None:
        """Tables are looked for in `schema` first, where one is given and has them."""
        self._url = url
        self._options = f"{OPTIONS} -c search_path={schema},public" if schema else OPTIONS
        self._name = name
        self._free = threading.BoundedSemaphore(size)
        self._idle: deque[Connection] = deque()
        self.suspended = False
        """Set by whoever knows that the database is down: `run` then refuses at once instead of waiting for it."""

    def run(self, work: Callable[[Connection], Result]) -> Result:
        """`work(connection)`, in autocommit. `work` must be repeatable: it runs again if a kept connection was dead.

        Raises Unavailable.
        """
        if self.suspended:
            raise Unavailable("the database is down")
        if not self._free.acquire(timeout=ACQUIRE_TIMEOUT_S):
            raise Unavailable(f"no connection became free in {ACQUIRE_TIMEOUT_S} s")
        try:
            return self._run(work)
        except TROUBLE as error:
            raise Unavailable(str(error).strip()) from error
        finally:
            self._free.release()

    def _run(self, work: Callable[[Connection], Result]) -> Result:
        kept = self._take()
        if kept is not None:
            try:
                return self._use(kept, work)
            except psycopg.OperationalError:
                if not self._lost(kept):
                    raise
                # The others were most likely lost with it.
                self.discard_idle()
        return self._use(self.connect(), work)

    def _take(self) -> Connection | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _use(self, connection: Connection, work: Callable[[Connection], Result]) -> Result:
        try:
            return work(connection)
        finally:
            self.give_back(connection)

    @staticmethod
    def _lost(connection: Connection) -> bool:
        return connection.pgconn.status == ConnStatus.BAD

    def give_back(self, connection: Connection) -> None:
        """Keep it for the next, unless it is dead or still waits for an answer."""
        if connection.pgconn.transaction_status == TransactionStatus.IDLE:
            self._idle.append(connection)
        else:
            connection.close()

    def discard_idle(self) -> None:
        while (connection := self._take()) is not None:
            connection.close()

    def connect(self) -> Connection:
        return Connection.connect(
            self._url, autocommit=True, connect_timeout=2, options=self._options, application_name=self._name
        )

    close = discard_idle


class Monitor:
    """Asks the database four times a second on a connection of its own, and opens or closes the way to it.

    `healthy` also needs the schema, so an instance is not ready before its tables are there.
    """

    INTERVAL_S = 0.25
    QUESTION = "SELECT to_regclass('ledger_events') IS NOT NULL AND to_regclass('balances') IS NOT NULL"

    def __init__(self, url: str, name: str, guarded: tuple[Database, ...]) -> None:
        self._own = Database(url, size=1, name=f"{name} monitor")
        self._guarded = guarded
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="monitor", daemon=True)
        self.healthy = False

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(ANSWER_TIMEOUT_S)

    def _watch(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            self._note(self._ask())
            self._stop.wait(max(0.0, self.INTERVAL_S - (time.monotonic() - began)))

    def _note(self, healthy: bool) -> None:
        if healthy != self.healthy:
            log.warning("the database is %s", "there" if healthy else "not usable")
        for database in self._guarded:
            database.suspended = not healthy
        self.healthy = healthy

    def _ask(self) -> bool:
        def question(connection: Connection) -> bool:
            row = connection.execute(self.QUESTION, prepare=True).fetchone()
            return row is not None and row[0] is True

        try:
            return self._own.run(question)
        except Unavailable:
            return False
