"""Events in a topic of Kafka: the key is the stream, headers say the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from harness.errors import HarnessError
from harness.streams.event import SEQUENCE, BrokenRecord, OnBroken, RecordedEvent, event_of, refuse
from harness.streams.sources import version_in

_TIMEOUT_S: Final = 10.0
_PATIENCE_S: Final = 30.0
_BATCH: Final = 500


@dataclass(frozen=True)
class Kafka:
    """A topic, one partition after the other, each up to where it ended when that began. No offset is committed.

    `url` are the brokers, `host:port,host:port`. Kafka counts within a partition, not within a stream: where no header
    has the position, it is the offset, so that positions of a stream ascend but have holes.
    """

    url: str
    topic: str
    type_header: str = "type"
    position_header: str = ""
    version_header: str = ""
    version_field: str = "version"

    def events(self, on_broken: OnBroken = refuse) -> Iterator[RecordedEvent]:
        consumer = Consumer(
            {
                "bootstrap.servers": self.url,
                "group.id": "rollproof-recorder",
                "enable.auto.commit": False,
                "enable.partition.eof": False,
                "auto.offset.reset": "error",
                "isolation.level": "read_committed",
            }
        )
        try:
            for partition in self._partitions(consumer):
                yield from self._partition(consumer, partition, on_broken)
        except KafkaException as error:
            raise HarnessError(f"the topic {self.topic} cannot be read: {error}") from error
        finally:
            consumer.close()

    def _partitions(self, consumer: Consumer) -> list[int]:
        topic = consumer.list_topics(self.topic, _TIMEOUT_S).topics[self.topic]
        if topic.error is not None:
            raise HarnessError(f"the topic {self.topic} cannot be read: {topic.error}")
        return sorted(topic.partitions)

    def _partition(self, consumer: Consumer, partition: int, on_broken: OnBroken) -> Iterator[RecordedEvent]:
        low, high = consumer.get_watermark_offsets(TopicPartition(self.topic, partition), _TIMEOUT_S)
        if low:
            on_broken(BrokenRecord(self._origin(partition), low - 1, "the topic has discarded it"))
        consumer.assign([TopicPartition(self.topic, partition, low)])
        while self._position(consumer, partition) < high:
            messages = consumer.consume(_BATCH, _PATIENCE_S)
            if not messages and self._position(consumer, partition) < high:
                raise HarnessError(f"{self._origin(partition)} gave nothing for {_PATIENCE_S:g} s before its end")
            for message in messages:
                if message.error() is not None:
                    raise HarnessError(f"{self._origin(partition)} cannot be read: {message.error()}")
                yield from self._event(message, partition, high, on_broken)

    def _position(self, consumer: Consumer, partition: int) -> int:
        """The offset that comes next; transactions' own records are passed over without a message."""
        return consumer.position([TopicPartition(self.topic, partition)])[0].offset

    def _origin(self, partition: int) -> str:
        return f"topic {self.topic}, partition {partition}"

    def _event(self, message: Message, partition: int, high: int, on_broken: OnBroken) -> Iterator[RecordedEvent]:
        offset = message.offset()
        if offset is None or offset >= high:
            return
        try:
            yield self._parsed(message, partition, offset)
        except ValueError as error:
            on_broken(BrokenRecord(self._origin(partition), offset, str(error)))

    def _parsed(self, message: Message, partition: int, offset: int) -> RecordedEvent:
        headers = _texts(message)
        data, key = message.value(), message.key()
        if data is None or key is None:
            raise ValueError("the message has no key" if key is None else "the message has no value")
        if self.type_header not in headers:
            raise ValueError(f"the message has no header {self.type_header}")
        return event_of(
            {
                "stream": key.decode(),
                "position": int(headers[self.position_header]) if self.position_header in headers else offset,
                "type": headers[self.type_header],
                "version": self._version(data, headers),
                "data": data,
                "metadata": {SEQUENCE: offset, "partition": partition},
            }
        )

    def _version(self, data: bytes, headers: Mapping[str, str]) -> object:
        if self.version_header:
            return int(headers.get(self.version_header, "1"))
        try:
            return version_in(msgspec.json.decode(data), self.version_field)
        except ValueError:
            return 1


def _texts(message: Message) -> dict[str, str]:
    headers = message.headers() or []
    pairs = headers.items() if isinstance(headers, dict) else headers
    return {name: value.decode() if isinstance(value, bytes) else str(value or "") for name, value in pairs}
