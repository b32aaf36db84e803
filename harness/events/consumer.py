"""What consumers of the broker see, as seen by a consumer of our own: each message, when, in which order.

The only module with asyncio in it: the client of NATS has no other way.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import nats
import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from harness.environment import Consumer
from harness.errors import HarnessError
from harness.history import Row

_RETRY_S = 0.2
_POLL_S = 0.02
_WATCH_S = 0.5
_REQUEST_TIMEOUT_S = 2.0
_CATCH_UP_S = 3.0
_STOP_S = _CATCH_UP_S + 5 * _REQUEST_TIMEOUT_S
_KEPT_S = 60.0
"""How long the server keeps our consumer while we are away."""


@dataclass(frozen=True)
class Message:
    """One message, as it arrived. `seen_ns` is on the machine's monotonic clock."""

    seen_ns: int
    sequence: int
    redelivered: bool
    stream: str
    position: int
    key: int | None
    type: str


class _Reading:
    """One consumer on the server. `broken`: a message was lost on the way, so what follows must not be taken."""

    def __init__(self, jetstream: JetStreamContext, stream: str, take: Callable[[Msg], Awaitable[None]]) -> None:
        self.broken = False
        self._jetstream = jetstream
        self._stream = stream
        self._take = take
        self._name = ""
        self._delivered = 0

    async def begin(self, inbox: str, sequence: int) -> None:
        created = await self._jetstream.add_consumer(
            self._stream,
            ConsumerConfig(
                deliver_subject=inbox,
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=sequence,
                ack_policy=AckPolicy.NONE,
                mem_storage=True,
                inactive_threshold=_KEPT_S,
            ),
        )
        self._name = str(created.name)

    async def check(self) -> None:
        """Raises nats.errors.Error if the server no longer knows this consumer, as after its restart."""
        await self._jetstream.consumer_info(self._stream, self._name)

    async def receive(self, message: Msg) -> None:
        self._delivered += 1
        if message.metadata.sequence.consumer != self._delivered:
            self.broken = True
        if not self.broken:
            await self._take(message)


class ConsumerObserver:
    """Reads a JetStream stream from its first message on, in a thread of its own, from `start` to `stop`.

    It survives restarts of the broker, and waits for a stream that does not exist yet. It reads on after the last
    message that it has, and notices by the consumer's own numbers if one was lost on the way. Whether it has all is
    told by `problem`, once it was stopped.
    """

    def __init__(self, url: str, consumer: Consumer) -> None:
        self._url = url
        self._consumer = consumer
        self._lock = threading.Lock()
        self._messages: list[Message] = []
        self._events: set[tuple[str, int]] = set()
        self._problem: str | None = f"it never came to the end of the stream {consumer.stream!r}"
        self._strange: str | None = None
        self._last = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="consumer-observer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Read what the stream still holds, then end. Raises HarnessError if that does not come to an end."""
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # the loop has ended by itself
                loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(_STOP_S)
        if self._thread.is_alive():
            raise HarnessError(f"the observer of the stream {self._consumer.stream!r} does not stop")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def problem(self) -> str | None:
        """Why what was seen is not all that there was; None if it is. Meant to be asked after `stop`."""
        return self._strange or self._problem

    def seen(self) -> int:
        """How many different events (stream and position) have been seen so far."""
        with self._lock:
            return len(self._events)

    def seen_through(self) -> int:
        """The broker's number of the last message seen; 0 if none."""
        return self._last

    def messages(self) -> tuple[Message, ...]:
        with self._lock:
            return tuple(self._messages)

    def rows(self, origin_ns: int) -> list[Row]:
        """For the history's table `consumed`; times are counted from `origin_ns`."""
        return [
            (m.seen_ns - origin_ns, m.sequence, m.redelivered, m.stream, m.position, m.key, m.type)
            for m in self.messages()
        ]

    # ── in the thread ────────────────────────────────────────────────────────────────────────────────────────────

    def _run(self) -> None:
        asyncio.run(self._observe())

    async def _observe(self) -> None:
        self._loop = asyncio.get_running_loop()
        client = await self._connect()
        if client is None:
            return
        try:
            while not self._stopping.is_set():
                await self._read(client)
            self._problem = await self._catch_up(client)
        finally:
            with suppress(nats.errors.Error, OSError):
                await client.close()

    async def _connect(self) -> Client | None:
        """None if it was stopped before there was a connection."""
        self._problem = f"it could not connect to {self._url}"
        connecting = asyncio.ensure_future(
            nats.connect(self._url, reconnect_time_wait=_RETRY_S, max_reconnect_attempts=-1, error_cb=self._ignore)
        )
        stopping = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait((connecting, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if connecting.done():
            return connecting.result()
        connecting.cancel()
        return None

    async def _ignore(self, error: Exception) -> None:
        """Lost connections mend themselves; what was missed meanwhile is found by number."""

    async def _read(self, client: Client) -> None:
        """Receive messages until told to stop, or until something is wrong: then the caller begins again."""
        try:
            async with self._reading(client) as reading:
                while not self._stopping.is_set() and not reading.broken:
                    await self._pause(_WATCH_S)
                    await reading.check()
        except (nats.errors.Error, OSError) as error:
            self._problem = f"it could not read from the stream {self._consumer.stream!r}: {error!r}"
            await self._pause(_RETRY_S)

    @asynccontextmanager
    async def _reading(self, client: Client) -> AsyncIterator[_Reading]:
        """A consumer on the server that sends what comes after the last message that we have."""
        jetstream = client.jetstream(timeout=_REQUEST_TIMEOUT_S)
        inbox = client.new_inbox()
        reading = _Reading(jetstream, self._consumer.stream, self._receive)
        subscription = await client.subscribe(inbox, cb=reading.receive)
        try:
            await reading.begin(inbox, self._last + 1)
            yield reading
        finally:
            await subscription.unsubscribe()

    async def _receive(self, message: Msg) -> None:
        seen_ns = time.monotonic_ns()
        metadata = message.metadata
        if metadata.sequence.stream <= self._last:
            return
        self._last = metadata.sequence.stream
        parsed = self._parse(message, seen_ns)
        if parsed is not None:
            with self._lock:
                self._messages.append(parsed)
                self._events.add((parsed.stream, parsed.position))

    def _parse(self, message: Msg, seen_ns: int) -> Message | None:
        headers = message.headers or {}
        metadata = message.metadata
        try:
            key = headers.get(self._consumer.key_header)
            return Message(
                seen_ns=seen_ns,
                sequence=metadata.sequence.stream,
                redelivered=metadata.num_delivered > 1,
                stream=headers[self._consumer.stream_header],
                position=int(headers[self._consumer.position_header]),
                key=int(key) if key else None,
                type=headers.get(self._consumer.type_header, ""),
            )
        except (KeyError, ValueError) as error:
            self._strange = f"message {metadata.sequence.stream} does not carry the headers of an event: {error!r}"
            return None

    async def _catch_up(self, client: Client) -> str | None:
        """Read to the end of the stream, if that can be had; what is still missing then."""
        deadline_s = time.monotonic() + _CATCH_UP_S
        try:
            state = (await client.jetstream(timeout=_REQUEST_TIMEOUT_S).stream_info(self._consumer.stream)).state
            if self._last < state.last_seq:
                async with self._reading(client):
                    while self._last < state.last_seq and time.monotonic() < deadline_s:
                        await asyncio.sleep(_POLL_S)
        except (nats.errors.Error, OSError) as error:
            return f"it could not read the end of the stream {self._consumer.stream!r}: {error!r}"
        if self._last < state.last_seq:
            return f"it had read up to message {self._last} of {state.last_seq}"
        if state.first_seq > 1 or state.num_deleted:
            return f"the stream {self._consumer.stream!r} no longer holds all its messages"
        return None

    async def _pause(self, longest_s: float) -> None:
        """Until told to stop, or `longest_s`."""
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), longest_s)
