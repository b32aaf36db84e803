"""A pool that hands its connections round for ever: one that was lost is given back like any other, and fails again.
Its readiness is asked on another connection, so the instance looks well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ledger.database import Connection, Database, Result, Unavailable
from ledger.service import Parts


class StubbornDatabase(Database):
    def __init__(self, url: str, *, size: int, name: str) -> None:
        super().__init__(url, size=size, name=name)
        self._open = 0
        self._size = size

    def _run(self, work: Callable[[Connection], Result]) -> Result:
        kept = self._take()
        if kept is None:
            kept = self._grow()
        try:
            return work(kept)
        finally:
            self._idle.appendleft(kept)

    def _grow(self) -> Connection:
        if self._open == self._size:
            raise Unavailable("all connections are in use")
        connection = self.connect()
        self._open += 1
        return connection


def service(parts: Parts) -> Parts:
    return replace(parts, database=StubbornDatabase)
