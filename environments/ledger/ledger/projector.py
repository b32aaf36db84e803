"""The projector: a process that keeps the read model up to date with the events from the broker.

Any number of them share one durable consumer, so an account's events may come to different projectors, in any order
and more than once. The read model says for each account up to which event it is complete, and only ever takes the
next one. What came too early waits a moment for its predecessor, and then goes back to the broker.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import cast

import uvloop
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent

from ledger.balances import Balances, Change
from ledger.broker import UNREACHABLE, Client, JetStream, Message, connect, ensure_stream, subscribe
from ledger.database import Database, Monitor, Unavailable
from ledger.defects import install
from ledger.domain import domain_of
from ledger.domain.account import Domain, Event
from ledger.probes import Probes
from ledger.rebuild import KEPT, consumer_of
from ledger.settings import Settings

log = logging.getLogger(__name__)

BATCH_MAX = 200
PATIENCE_S = 0.4
"""How long an event waits here for the one before it; well below the broker's time to redeliver."""
FETCH_S = 0.5
UNREADABLE_S = 0.5
RETRY_S = 0.2
TROUBLE = (Unavailable, *UNREACHABLE)


@dataclass(frozen=True)
class Delivery:
    """An event as the broker delivered it."""

    message: Message
    account: str
    version: int
    amount: int
    """Signed."""
    currency: str | None
    received_at: float


class Projector:
    """Applies deliveries to the read model. No I/O of its own but through `balances` and the messages' acks."""

    def __init__(self, balances: Balances) -> None:
        self._mapper: Mapper[str] = Mapper(JSONTranscoder())
        self.balances = balances
        self.waiting: dict[str, dict[int, list[Delivery]]] = {}
        """What is not applied yet, by account and version; an event may have been delivered more than once."""

    async def take(self, messages: Sequence[Message]) -> None:
        """Receive messages and apply whatever can be. Raises Unavailable; then what was received stays here."""
        for message in messages:
            await self._receive(message)
        if self.waiting:
            await self._settle(await asyncio.to_thread(self.apply))
            await self._send_back(older_than=time.monotonic() - PATIENCE_S)

    async def stop(self) -> None:
        """Give everything back that is still held."""
        await self._send_back(older_than=time.monotonic())

    async def _receive(self, message: Message) -> None:
        try:
            delivery = self._read(message)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # Not for this release to read; another one may, and the later events of the account wait for that.
            log.warning("cannot read %s: %r", message.headers, error)
            await message.nak(delay=UNREADABLE_S)
            return
        of_account = self.waiting.setdefault(delivery.account, {})
        of_account.setdefault(delivery.version, []).append(delivery)

    def _read(self, message: Message) -> Delivery:
        headers = message.headers or {}
        stored = StoredEvent(
            originator_id=headers["Event-Stream"],
            originator_version=int(headers["Event-Position"]),
            topic=headers["Event-Type"],
            state=message.data,
        )
        event = cast("Event", self._mapper.to_domain_event(stored))
        return Delivery(
            message,
            event.originator_id,
            event.originator_version,
            event.effect,
            event.denomination,
            time.monotonic(),
        )

    def apply(self) -> dict[str, int]:
        """Bring what can be into the read model; up to where each waiting account is there now. In a thread."""
        positions = self.balances.positions(self.waiting)
        changes = [
            change
            for account, waiting in self.waiting.items()
            if (change := continuation(account, positions.get(account, 0), waiting)) is not None
        ]
        applied = self.balances.apply(changes)
        return positions | {change.account: change.last for change in changes if change.account in applied}

    async def _settle(self, positions: dict[str, int]) -> None:
        """Acknowledge what the read model has, whoever put it there."""
        for account, position in positions.items():
            waiting = self.waiting[account]
            for version in [version for version in waiting if version <= position]:
                for delivery in waiting.pop(version):
                    await self.acknowledge(delivery.message)
            if not waiting:
                del self.waiting[account]

    async def acknowledge(self, message: Message) -> None:
        await message.ack()

    async def _send_back(self, older_than: float) -> None:
        for account, waiting in list(self.waiting.items()):
            for version, deliveries in list(waiting.items()):
                if deliveries[-1].received_at <= older_than:
                    for delivery in waiting.pop(version):
                        await delivery.message.nak()
            if not waiting:
                del self.waiting[account]


def continuation(account: str, position: int, waiting: dict[int, list[Delivery]]) -> Change | None:
    """The sum of the events that follow `position` without a gap; None if the next one is not there."""
    following = []
    for version in count(position + 1):
        if version not in waiting:
            break
        following.append(waiting[version][0])
    if not following:
        return None
    return Change(
        account=account,
        first=position + 1,
        last=position + len(following),
        amount=sum(delivery.amount for delivery in following),
        currency=following[-1].currency,
    )


@dataclass(frozen=True)
class Parts:
    """What a projector is made of; `ledger.defects` may replace some."""

    domain: Domain
    database: Callable[..., Database] = Database
    balances: Callable[..., Balances] = Balances
    projector: Callable[[Balances], Projector] = Projector
    connect: Callable[[str, str], Awaitable[Client]] = connect
    read_model: str = KEPT
    """The schema in which its read model stands while another one serves; see `ledger.rebuild`."""


class Process:
    """The projector with its connections."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        self._settings = settings
        database = parts.database(settings.database_url, size=1, name=settings.instance, schema=parts.read_model)
        self._monitor = Monitor(settings.database_url, settings.instance, guarded=(database,))
        balances = parts.balances(database, with_currency=bool(parts.domain.details))
        self._projector = parts.projector(balances)
        self._consumer = consumer_of(parts.read_model)
        self._connect = parts.connect
        self._client: Client | None = None
        self._subscription: JetStream.PullSubscription | None = None
        self._stop = asyncio.Event()

    @property
    def ready(self) -> bool:
        connected = self._client is not None and self._client.is_connected and self._subscription is not None
        return connected and self._monitor.healthy and not self._stop.is_set()

    async def run(self) -> None:
        """Until SIGTERM."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        probes = Probes(self._settings, ready=lambda: self.ready)
        await probes.start()
        self._monitor.start()
        while not self._stop.is_set():
            try:
                await self._work()
            except TROUBLE as error:
                log.warning("projector: %r", error)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), RETRY_S)
        await self._leave()
        await probes.stop()

    async def _work(self) -> None:
        subscription = await self._subscribed()
        while not self._stop.is_set():
            try:
                messages = await subscription.fetch(BATCH_MAX, timeout=0.05 if self._projector.waiting else FETCH_S)
            except TimeoutError:
                messages = []
            await self._projector.take(messages)

    async def _subscribed(self) -> JetStream.PullSubscription:
        if self._client is None:
            self._client = await self._connect(self._settings.broker_url, self._settings.instance)
        if self._subscription is None:
            jetstream = self._client.jetstream()
            await ensure_stream(jetstream)
            self._subscription = await subscribe(jetstream, self._consumer)
        return self._subscription

    async def _leave(self) -> None:
        with suppress(*TROUBLE):
            await self._projector.stop()
        if self._client is not None:
            with suppress(*UNREACHABLE):
                await self._client.flush(timeout=1)
            with suppress(*UNREACHABLE):
                await self._client.close()
        await asyncio.to_thread(self._monitor.stop)


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    settings = Settings.read()
    parts = install("projector", Parts(domain_of(settings.release)), settings.variants)
    parts.domain.register()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(settings, parts))


async def _run(settings: Settings, parts: Parts) -> None:
    await Process(settings, parts).run()


if __name__ == "__main__":
    main()
