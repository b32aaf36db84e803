"""Projections, healthy and not: balances by stream, in SQLite where they have to outlive their process."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class Balances:
    """Healthy: a row and its position change in one transaction, and only by the next event of the stream."""

    def __init__(self, store: Path | None) -> None:
        name = ":memory:" if store is None else str(store / "balances.sqlite")
        self.database = sqlite3.connect(name, isolation_level=None, timeout=60)
        self.database.execute("CREATE TABLE IF NOT EXISTS balances (stream PRIMARY KEY, value, position)")

    def apply(self, events: Sequence[Any]) -> None:
        self.database.execute("BEGIN IMMEDIATE")
        for event in events:
            self.take(event)
        self.database.execute("COMMIT")

    def take(self, event: Any) -> None:
        amount = event.data["amount"]
        self.database.execute("INSERT OR IGNORE INTO balances VALUES (?, 0, 0)", (event.stream,))
        self.database.execute(
            "UPDATE balances SET value = value + ?, position = ? WHERE stream = ? AND position = ?",
            (amount, event.position, event.stream, event.position - 1),
        )

    def rows(self) -> Any:
        return dict(self.database.execute("SELECT stream, value FROM balances"))


class CountsTwice(Balances):
    """A defect: whatever comes is added, also what came before."""

    def take(self, event: Any) -> None:
        self.database.execute("INSERT OR IGNORE INTO balances VALUES (?, 0, 0)", (event.stream,))
        self.database.execute(
            "UPDATE balances SET value = value + ? WHERE stream = ?", (event.data["amount"], event.stream)
        )


class ByBatch(Balances):
    """A defect: of a batch, each stream's last event only."""

    def apply(self, events: Sequence[Any]) -> None:
        last = {event.stream: event for event in events}
        self.database.executemany(
            "INSERT INTO balances VALUES (?, ?, ?) ON CONFLICT (stream) DO UPDATE SET value = value + excluded.value",
            [(event.stream, event.data["amount"], event.position) for event in last.values()],
        )


class Remembers(CountsTwice):
    """A defect: what was applied is remembered in the process only, so a restart or a second one applies it again."""

    def __init__(self, store: Path | None) -> None:
        super().__init__(store)
        self.seen: set[tuple[str, int]] = set()

    def take(self, event: Any) -> None:
        if (event.stream, event.position) not in self.seen:
            self.seen.add((event.stream, event.position))
            super().take(event)


class CheckpointFirst(Balances):
    """A defect: the position is noted before the effect, so that a process that dies between them loses the effect."""

    def apply(self, events: Sequence[Any]) -> None:
        fresh = [event for event in events if event.position > self.noted(event.stream)]
        for event in fresh:
            self.database.execute("INSERT OR IGNORE INTO balances VALUES (?, 0, 0)", (event.stream,))
            self.database.execute("UPDATE balances SET position = ? WHERE stream = ?", (event.position, event.stream))
        self.later = [*getattr(self, "later", []), *fresh]
        if len(self.later) > 10:
            self.catch_up()

    def noted(self, stream: str) -> int:
        found = self.database.execute("SELECT position FROM balances WHERE stream = ?", (stream,)).fetchone()
        return int(found[0]) if found else 0

    def catch_up(self) -> None:
        self.database.executemany(
            "UPDATE balances SET value = value + ? WHERE stream = ?",
            [(event.data["amount"], event.stream) for event in self.later],
        )
        self.later = []

    def rows(self) -> Any:
        if getattr(self, "later", []):
            self.catch_up()
        return super().rows()
