"""The outbox relay: a task in each instance of the service, of which one at a time publishes."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress

from ledger.broker import UNREACHABLE, Client, JetStream, connect, ensure_stream
from ledger.database import Unavailable
from ledger.outbox import LEASE_S, Outbox, Position
from ledger.publisher import Publisher

log = logging.getLogger(__name__)

BATCH_MAX = 100
IDLE_S = 0.02
STANDBY_S = LEASE_S / 5
RENEW_EVERY_S = LEASE_S / 4
FLUSH_TIMEOUT_S = 1.5
TROUBLE = (Unavailable, *UNREACHABLE)


class Relay:
    def __init__(self, outbox: Outbox, broker_url: str, name: str, publisher: Callable[[JetStream], Publisher]) -> None:
        self._outbox = outbox
        self._broker_url = broker_url
        self._name = name
        self._new_publisher = publisher
        self._client: Client | None = None
        self._publisher: Publisher | None = None
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._renewed_at = 0.0
        self.leading = False

    def start(self, failed: Callable[[], None]) -> None:
        """`failed` is called if it ends for a reason that waiting does not mend; `stop` then raises it."""
        self._task = asyncio.create_task(self._run(), name="relay")
        self._task.add_done_callback(lambda _: None if self._stop.is_set() else failed())

    async def stop(self) -> None:
        """Publish what is left, if nobody else is at it, and let go of the lease. Bounded by FLUSH_TIMEOUT_S."""
        self._stop.set()
        if self._task is not None:
            await self._task
        try:
            await asyncio.wait_for(self._flush(), FLUSH_TIMEOUT_S)
        except TROUBLE as error:
            log.warning("the outbox was left to the other instances: %r", error)
        finally:
            if self._client is not None:
                with suppress(*UNREACHABLE):
                    await self._client.close()

    async def _run(self) -> None:
        while not self._stop.is_set():
            try:
                await self._take_part()
            except TROUBLE as error:
                log.warning("relay: %r", error)
                await self._pause(STANDBY_S)

    async def _take_part(self) -> None:
        position = await asyncio.to_thread(self._outbox.acquire)
        if position is None:
            await self._pause(STANDBY_S)
            return
        log.info("publishing from %s on", position)
        self.leading, self._renewed_at = True, time.monotonic()
        try:
            await self._lead(position)
        finally:
            self.leading = False

    async def _lead(self, position: Position | None) -> None:
        """Publish for as long as the lease is ours."""
        while position is not None and not self._stop.is_set():
            before = position
            position = await self._advance(before)
            if position == before:
                await self._pause(IDLE_S)

    async def _flush(self) -> None:
        position = await asyncio.to_thread(self._outbox.acquire)
        before = None
        while position is not None and position != before:
            before = position
            position = await self._advance(before)
        if self._publisher is not None:
            await self._publisher.flush()
        await asyncio.to_thread(self._outbox.release)

    async def _advance(self, position: Position) -> Position | None:
        """Publish what is pending; up to where that is done now, or None if the lease was lost."""
        publisher = await self._connected()
        entries = await asyncio.to_thread(self._outbox.pending, position, BATCH_MAX)
        if entries:
            done = await publisher.publish(entries)
            position = entries[done - 1].place if done else position
        if entries or time.monotonic() - self._renewed_at > RENEW_EVERY_S:
            if not await asyncio.to_thread(self._outbox.renew, position):
                log.warning("another instance publishes now")
                return None
            self._renewed_at = time.monotonic()
        return position

    async def _connected(self) -> Publisher:
        if self._client is None:
            self._client = await connect(self._broker_url, self._name)
        if self._publisher is None:
            jetstream = self._client.jetstream()
            await ensure_stream(jetstream)
            self._publisher = self._new_publisher(jetstream)
        return self._publisher

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)
