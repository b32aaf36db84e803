"""Kafka, against a stand-in for the client library's Consumer: there is no broker here."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from harness.errors import HarnessError, InvalidInput
from harness.streams.event import BrokenRecord
from harness.streams.sources import kafka
from harness.streams.sources.kafka import Kafka


@dataclass
class FakeMessage:
    at: int
    content: bytes | None = b"{}"
    name: bytes | None = b"account-1"
    told: list[tuple[str, bytes]] = field(default_factory=lambda: [("type", b"opened")])
    trouble: str | None = None

    def offset(self) -> int:
        return self.at

    def value(self) -> bytes | None:
        return self.content

    def key(self) -> bytes | None:
        return self.name

    def headers(self) -> list[tuple[str, bytes]]:
        return self.told

    def error(self) -> str | None:
        return self.trouble


class FakeConsumer:
    """Partitions as lists of messages; a transaction's own records take offsets and are never handed out."""

    partitions: ClassVar[dict[int, list[FakeMessage]]] = {}
    low = 0
    high: ClassVar[dict[int, int]] = {}
    closed = 0

    def __init__(self, settings: dict[str, Any]) -> None:
        assert settings["enable.auto.commit"] is False

    def list_topics(self, topic: str, _timeout_s: float) -> Any:
        return SimpleNamespace(topics={topic: SimpleNamespace(error=None, partitions=dict.fromkeys(self.partitions))})

    def get_watermark_offsets(self, place: Any, _timeout_s: float) -> tuple[int, int]:
        return self.low, self.high[place.partition]

    def assign(self, places: list[Any]) -> None:
        self._partition, self._next = places[0].partition, places[0].offset

    def position(self, places: list[Any]) -> list[Any]:
        return [SimpleNamespace(offset=self._next)]

    def consume(self, count: int, _timeout_s: float) -> list[FakeMessage]:
        found = [each for each in self.partitions[self._partition] if each.at >= self._next][:2]
        self._next = found[-1].at + 1 if len(found) == 2 else self.high[self._partition]
        return found

    def close(self) -> None:
        type(self).closed += 1


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> type[FakeConsumer]:
    class Consumer(FakeConsumer):
        pass

    monkeypatch.setattr(kafka, "Consumer", Consumer)
    return Consumer


def serve(broker: type[FakeConsumer], *partitions: list[FakeMessage], more: int = 0) -> None:
    broker.partitions = dict(enumerate(partitions))
    broker.high = {number: all_[-1].at + 1 + more for number, all_ in broker.partitions.items()}


SOURCE = Kafka("127.0.0.1:9092", "accounts")


def test_each_partition_is_read_to_its_end(broker: type[FakeConsumer]) -> None:
    serve(broker, [FakeMessage(at) for at in range(5)], [FakeMessage(0, b'{"version":3}', b"account-2")], more=2)
    events = list(SOURCE.events())
    assert [(each.stream, each.position) for each in events] == [
        *(("account-1", at) for at in range(5)),
        ("account-2", 0),
    ]
    assert events[-1].version == 3
    assert events[-1].metadata == {"sequence": 0, "partition": 1}
    assert broker.closed == 1


def test_headers_say_position_and_version(broker: type[FakeConsumer]) -> None:
    headers = [("type", b"moved"), ("at", b"7"), ("schema", b"2")]
    serve(broker, [FakeMessage(90, told=headers)])
    [event] = Kafka("b:1", "accounts", position_header="at", version_header="schema").events()
    assert (event.type, event.position, event.version) == ("moved", 7, 2)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (FakeMessage(1, name=None), "the message has no key"),
        (FakeMessage(1, content=None), "the message has no value"),
        (FakeMessage(1, told=[]), "the message has no header type"),
        (FakeMessage(1, name=b"\xff"), "utf-8"),
    ],
)
def test_what_is_no_event_is_told_and_the_rest_is_read(
    message: FakeMessage, reason: str, broker: type[FakeConsumer]
) -> None:
    serve(broker, [FakeMessage(0), message, FakeMessage(2)])
    broken: list[BrokenRecord] = []
    assert [each.position for each in SOURCE.events(broken.append)] == [0, 2]
    assert [(each.number, reason in each.reason) for each in broken] == [(1, True)]


def test_what_the_topic_has_discarded_is_told(broker: type[FakeConsumer]) -> None:
    serve(broker, [FakeMessage(5)])
    broker.low = 5
    with pytest.raises(InvalidInput, match="the topic has discarded it"):
        list(SOURCE.events())


def test_an_error_of_the_broker_ends_it(broker: type[FakeConsumer]) -> None:
    serve(broker, [FakeMessage(0, trouble="broken pipe")])
    with pytest.raises(HarnessError, match="topic accounts, partition 0 cannot be read: broken pipe"):
        list(SOURCE.events())
    assert broker.closed == 1
