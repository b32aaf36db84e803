"""Events in a stream of NATS JetStream, told by headers of the messages."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import msgspec
import nats
import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, StreamState

from harness.errors import HarnessError
from harness.streams.event import SEQUENCE, BrokenRecord, OnBroken, RecordedEvent, event_of, refuse
from harness.streams.seen import Seen
from harness.streams.sources import version_in

CONNECT_TIMEOUT_S: Final = 10
_REQUEST_TIMEOUT_S: Final = 10.0
_FETCH: Final = 200
_FETCH_BYTES: Final = 64 << 20
_KEPT_S: Final = 60.0


@dataclass(frozen=True)
class Nats:
    """A stream, read from its first message to its last by a consumer that acknowledges nothing.

    The event's own stream, position and type stand in headers; its version in one too, or in a field of the data.
    """

    url: str
    stream: str
    stream_header: str = "Event-Stream"
    position_header: str = "Event-Position"
    type_header: str = "Event-Type"
    version_header: str = ""
    version_field: str = "class_version"

    def events(self, on_broken: OnBroken = refuse) -> Iterator[RecordedEvent]:
        """Raises HarnessError also if a message was lost on the way. What the stream itself has discarded is broken."""
        yield from self.unseen(Seen(), on_broken)

    def unseen(self, seen: Seen, on_broken: OnBroken = refuse) -> Iterator[RecordedEvent]:
        """A stream numbers its messages as it takes them, so what is missing never comes."""
        try:
            with asyncio.Runner() as runner:
                reading = runner.run(_Reading.begin(self.url, self.stream, seen.highest))
                try:
                    if reading.discarded > seen.highest:
                        on_broken(BrokenRecord(self._origin, reading.discarded, "the stream has discarded it"))
                    while messages := runner.run(reading.fetch()):
                        yield from self._events(messages, on_broken)
                finally:
                    runner.run(reading.end())
        except (nats.errors.Error, nats.js.errors.Error, OSError) as error:
            raise HarnessError(f"the stream {self.stream} cannot be read: {error!r}") from error

    @property
    def _origin(self) -> str:
        return f"stream {self.stream}"

    def _events(self, messages: Sequence[Msg], on_broken: OnBroken) -> Iterator[RecordedEvent]:
        for message in messages:
            try:
                yield self._event(message)
            except ValueError as error:
                on_broken(BrokenRecord(self._origin, message.metadata.sequence.stream, str(error)))

    def _event(self, message: Msg) -> RecordedEvent:
        headers = message.headers or {}
        if missing := [
            name for name in (self.stream_header, self.position_header, self.type_header) if name not in headers
        ]:
            raise ValueError(f"the message has no header {', '.join(missing)}")
        return event_of(
            {
                "stream": headers[self.stream_header],
                "position": int(headers[self.position_header]),
                "type": headers[self.type_header],
                "version": self._version(message.data, headers),
                "data": message.data,
                "metadata": {SEQUENCE: message.metadata.sequence.stream},
            }
        )

    def _version(self, data: bytes, headers: dict[str, str]) -> object:
        if self.version_header:
            return int(headers.get(self.version_header, "1"))
        try:
            return version_in(msgspec.json.decode(data), self.version_field)
        except ValueError:
            return 1


class _Reading:
    """A consumer of the server's own, and how far it has come. Ends with the message that was last when it began."""

    def __init__(
        self, client: Client, subscription: JetStreamContext.PullSubscription, state: StreamState, after: int
    ) -> None:
        self.discarded = max(0, state.first_seq - 1)
        """The last message that the stream no longer holds; 0 if it holds all from its first on."""
        self._client = client
        self._subscription = subscription
        self._last = state.last_seq
        self._delivered = 0
        self._done = state.messages == 0 or state.last_seq <= after

    @classmethod
    async def begin(cls, url: str, stream: str, after: int) -> _Reading:
        """With the message that follows the one of the number `after`."""
        client = await nats.connect(url, connect_timeout=CONNECT_TIMEOUT_S, allow_reconnect=False, error_cb=_ignore)
        try:
            jetstream = client.jetstream(timeout=_REQUEST_TIMEOUT_S)
            state = (await jetstream.stream_info(stream)).state
            consumer = ConsumerConfig(
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=after + 1,
                ack_policy=AckPolicy.NONE,
                mem_storage=True,
                inactive_threshold=_KEPT_S,
            )
            subscription = await jetstream.pull_subscribe(
                "", stream=stream, config=consumer, pending_bytes_limit=_FETCH_BYTES
            )
        except (nats.errors.Error, nats.js.errors.Error, OSError):
            await client.close()
            raise
        return cls(client, subscription, state, after)

    async def fetch(self) -> list[Msg]:
        """The next messages; none once the end is reached. Raises HarnessError if one is missing."""
        if self._done:
            return []
        messages = await self._subscription.fetch(_FETCH, timeout=_REQUEST_TIMEOUT_S)
        for message in messages:
            self._delivered += 1
            if message.metadata.sequence.consumer != self._delivered:
                raise HarnessError(f"message {self._delivered} was lost on the way from the stream")
        self._done = messages[-1].metadata.sequence.stream >= self._last or messages[-1].metadata.num_pending == 0
        return [message for message in messages if message.metadata.sequence.stream <= self._last]

    async def end(self) -> None:
        """Also of the consumer, which the server would keep for a while."""
        with suppress(nats.errors.Error, nats.js.errors.Error, OSError):
            consumer = await self._subscription.consumer_info()
            await self._subscription.unsubscribe()
            await self._client.jetstream().delete_consumer(consumer.stream_name, consumer.name)
        await self._client.close()


async def _ignore(error: Exception) -> None:
    """What goes wrong is raised where it is waited for."""
