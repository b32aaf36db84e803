"""Says that it is ready as soon as its port is open. It connects when the first request comes, and fails whatever else
comes until that is done."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from ledger.database import Connection, Database, Result, Unavailable
from ledger.service import Parts, Readiness

CONNECTS_S = 3.0


class LateDatabase(Database):
    _connected_at: float | None = None

    def run(self, work: Callable[[Connection], Result]) -> Result:
        if self._connected_at is None:
            self._connected_at = time.monotonic() + CONNECTS_S
        if time.monotonic() < self._connected_at:
            raise Unavailable("not connected yet")
        return super().run(work)


class AlwaysReady(Readiness):
    def __call__(self) -> bool:
        return not self.stopping


def service(parts: Parts) -> Parts:
    return replace(parts, database=LateDatabase, readiness=AlwaysReady)
