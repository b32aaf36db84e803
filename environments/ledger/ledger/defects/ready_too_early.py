"""Says that it is ready as soon as its port is open; it connects to the database only when it has warmed up."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from ledger.database import Connection, Database, Result, Unavailable
from ledger.service import Parts, Readiness

WARM_UP_S = 2.5


class LateDatabase(Database):
    def __init__(self, url: str, *, size: int, name: str) -> None:
        super().__init__(url, size=size, name=name)
        self._warm_at = time.monotonic() + WARM_UP_S

    def run(self, work: Callable[[Connection], Result]) -> Result:
        if time.monotonic() < self._warm_at:
            raise Unavailable("not connected yet")
        return super().run(work)


class AlwaysReady(Readiness):
    def __call__(self) -> bool:
        return not self.stopping


def service(parts: Parts) -> Parts:
    return replace(parts, database=LateDatabase, readiness=AlwaysReady)
