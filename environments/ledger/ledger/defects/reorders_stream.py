"""Publishes debits apart from the rest, gathered for the sake of fewer round trips: they come after younger events of
their account."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace

from ledger.broker import UNREACHABLE, PubAck
from ledger.outbox import Entry
from ledger.publisher import Publisher
from ledger.service import Parts

log = logging.getLogger(__name__)

GATHER_S = 0.8


class TwoLanes(Publisher):
    _held: tuple[Entry, ...] = ()
    _later: asyncio.Task[None] | None = None

    async def publish(self, entries: Sequence[Entry]) -> int:
        debits = tuple(entry for entry in entries if entry.topic == "ledger.debited")
        others = [entry for entry in entries if entry.topic != "ledger.debited"]
        await self._send_all(others)
        self._held += debits
        if self._held and self._later is None:
            self._later = asyncio.create_task(self._send_later())
        return len(entries)

    async def flush(self) -> None:
        held, self._held = self._held, ()
        await self._send_all(held)

    async def _send_later(self) -> None:
        await asyncio.sleep(GATHER_S)
        self._later = None
        try:
            await self.flush()
        except UNREACHABLE as error:
            log.warning("debits: %r", error)

    async def _send_all(self, entries: Sequence[Entry]) -> None:
        while not all(isinstance(ack, PubAck) for ack in await self.send(entries, [{}] * len(entries))):
            log.warning("sending %d events again", len(entries))


def service(parts: Parts) -> Parts:
    return replace(parts, publisher=TwoLanes)
