"""Takes an event for published once it is sent, and hears no answer: what a broken network swallows is never sent
again, and no consumer ever sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from ledger.broker import SUBJECT, JetStream
from ledger.outbox import Entry
from ledger.publisher import ACK_TIMEOUT_S, Publisher, headers
from ledger.service import Parts


class BlindPublisher(Publisher):
    def __init__(self, jetstream: JetStream) -> None:
        super().__init__(jetstream)
        self._sending: set[asyncio.Task[object]] = set()

    async def publish(self, entries: Sequence[Entry]) -> int:
        for entry in entries:
            task: asyncio.Task[object] = asyncio.create_task(self._send_one(entry))
            self._sending.add(task)
            task.add_done_callback(self._forget)
        return len(entries)

    async def _send_one(self, entry: Entry) -> None:
        await self.jetstream.publish(
            f"{SUBJECT}.{entry.account}", entry.state, headers=headers(entry), timeout=ACK_TIMEOUT_S
        )

    def _forget(self, task: asyncio.Task[object]) -> None:
        self._sending.discard(task)
        if not task.cancelled():
            task.exception()  # whatever it is


def service(parts: Parts) -> Parts:
    return replace(parts, publisher=BlindPublisher)
