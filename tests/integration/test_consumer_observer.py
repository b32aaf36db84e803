"""The observer of the broker against a real NATS server, which is killed and comes back."""

from __future__ import annotations

import asyncio
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import nats
import nats.errors
import pytest
from nats.aio.client import Client

from harness.drivers.ports import HOST, free_port
from harness.environment import Consumer
from harness.events.consumer import ConsumerObserver
from harness.servers import NATS, need

pytestmark = pytest.mark.servers

LEDGER = Consumer(store="nats", stream="LEDGER", subjects=("ledger.>",))
DEADLINE_S = 20.0


class Broker:
    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"nats://{HOST}:{self.port}"
        self._argv = [str(need(NATS)), "-a", HOST, "-p", str(self.port), "-js", "-sd", str(folder)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._argv, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def publish(self, first: int, last: int, *, headers: bool = True) -> None:
        """Events `first` to `last` of one account, to a stream that is made if there is none."""
        asyncio.run(self._publish(first, last, headers))

    async def _publish(self, first: int, last: int, headers: bool) -> None:
        client = await _connect(self.url)
        jetstream = client.jetstream()
        await jetstream.add_stream(name=LEDGER.stream, subjects=list(LEDGER.subjects))
        for position in range(first, last + 1):
            event = {
                "Event-Stream": "account-1",
                "Event-Position": str(position),
                "Event-Key": str(100 + position),
                "Event-Type": "Deposited",
            }
            await jetstream.publish("ledger.account", b"{}", headers=event if headers else None)
        await client.close()


async def _connect(url: str) -> Client:
    for _ in range(200):
        with suppress(OSError, nats.errors.Error):
            return await nats.connect(url, reconnect_time_wait=0.05, error_cb=_ignore)
        await asyncio.sleep(0.05)
    raise AssertionError(f"no NATS server at {url}")


async def _ignore(error: Exception) -> None:
    pass


def eventually(condition: Callable[[], bool]) -> None:
    waiting = threading.Event()
    for _ in range(int(DEADLINE_S / 0.05)):
        if condition():
            return
        waiting.wait(0.05)
    raise AssertionError("it never came to be so")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path)
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()


def positions(observer: ConsumerObserver) -> list[int]:
    return [message.position for message in observer.messages()]


def test_it_sees_all_from_the_first_message_on_in_order(broker: Broker) -> None:
    broker.publish(1, 20)
    with ConsumerObserver(broker.url, LEDGER) as observer:
        eventually(lambda: observer.seen() == 20)
        broker.publish(21, 30)
    assert positions(observer) == list(range(1, 31))
    assert observer.problem is None
    seen_ns, *row = observer.rows(origin_ns=0)[0]
    assert seen_ns > 0
    assert row == [1, False, "account-1", 1, 101, "Deposited"]


def test_it_outlives_a_killed_broker_and_misses_nothing(broker: Broker) -> None:
    broker.publish(1, 10)
    with ConsumerObserver(broker.url, LEDGER) as observer:
        eventually(lambda: observer.seen() == 10)
        broker.kill()
        broker.start()
        broker.publish(11, 30)
        eventually(lambda: observer.seen() == 30)
    assert positions(observer) == list(range(1, 31))
    assert observer.seen_through() == 30
    assert observer.problem is None


def test_it_waits_for_a_stream_that_is_made_later(broker: Broker) -> None:
    with ConsumerObserver(broker.url, LEDGER) as observer:
        eventually(lambda: "could not read" in str(observer.problem))
        broker.publish(1, 5)
        eventually(lambda: observer.seen() == 5)
    assert observer.problem is None


def test_a_message_without_the_headers_of_an_event_is_a_problem(broker: Broker) -> None:
    broker.publish(1, 1, headers=False)
    with ConsumerObserver(broker.url, LEDGER) as observer:
        eventually(lambda: observer.seen_through() == 1)
    assert observer.seen() == 0
    assert "does not carry the headers of an event" in str(observer.problem)


def test_a_broker_that_is_gone_at_the_end_is_a_problem(broker: Broker) -> None:
    broker.publish(1, 3)
    with ConsumerObserver(broker.url, LEDGER) as observer:
        eventually(lambda: observer.seen() == 3)
        broker.kill()
    assert "could not read the end of the stream" in str(observer.problem)


def test_a_broker_that_never_was_is_a_problem() -> None:
    with ConsumerObserver(f"nats://{HOST}:{free_port()}", LEDGER) as observer:
        eventually(lambda: "could not connect" in str(observer.problem))
    assert observer.seen() == 0
    assert "could not connect" in str(observer.problem)
