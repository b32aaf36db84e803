"""KurrentDB, against a stand-in for the client library's client: there is no server here. Its events are the real."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from kurrentdbclient.events import RecordedEvent as Stored
from kurrentdbclient.exceptions import ServiceUnavailableError

from harness.errors import HarnessError
from harness.streams.event import BrokenRecord
from harness.streams.sources import kurrentdb
from harness.streams.sources.kurrentdb import KurrentDB


def stored(commit: int, data: bytes = b"{}", metadata: bytes = b"", **others: str) -> Stored:
    return Stored(
        type="opened",
        data=data,
        metadata=metadata,
        content_type=others.get("content_type", "application/json"),
        id=uuid4(),
        stream_name=others.get("stream", "account-1"),
        stream_position=commit // 10,
        commit_position=commit,
        prepare_position=commit,
    )


class FakeClient:
    holds: tuple[Stored, ...] = ()
    last = 0
    closed = 0
    breaks = False

    def __init__(self, url: str) -> None:
        assert url == "kurrentdb://127.0.0.1:2113"

    def get_commit_position(self) -> int:
        return self.last

    def read_all(self) -> Iterator[Stored]:
        yield from self.holds
        if self.breaks:
            raise ServiceUnavailableError("gone")

    def close(self) -> None:
        type(self).closed += 1


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> type[FakeClient]:
    class Client(FakeClient):
        pass

    monkeypatch.setattr(kurrentdb, "KurrentDBClient", Client)
    return Client


SOURCE = KurrentDB("kurrentdb://127.0.0.1:2113")


def test_it_reads_up_to_what_was_there_when_it_began(server: type[FakeClient]) -> None:
    server.holds, server.last = (stored(0), stored(10), stored(20)), 10
    events = list(SOURCE.events())
    assert [(each.stream, each.position, each.metadata["sequence"]) for each in events] == [
        ("account-1", 0, 0),
        ("account-1", 1, 10),
    ]
    assert server.closed == 1


def test_the_version_stands_in_the_metadata_or_in_the_data(server: type[FakeClient]) -> None:
    server.last = 30
    server.holds = (
        stored(0, b'{"version":2}'),
        stored(10, b'{"version":2}', b'{"version":3,"who":"me"}'),
        stored(20, b"\x00", content_type="application/octet-stream"),
        stored(30),
    )
    events = list(SOURCE.events())
    assert [each.version for each in events] == [2, 3, 1, 1]
    assert events[1].metadata == {"version": 3, "who": "me", "sequence": 10}


def test_streams_can_be_chosen_by_prefix(server: type[FakeClient]) -> None:
    server.last, server.holds = 20, (stored(0), stored(10, stream="order-1"))
    [event] = KurrentDB(SOURCE.url, prefix="order-").events()
    assert event.stream == "order-1"


def test_what_is_no_event_is_told_and_the_rest_is_read(server: type[FakeClient]) -> None:
    server.last, server.holds = 20, (stored(0, metadata=b"[]"), stored(10, b"not JSON"), stored(20))
    broken: list[BrokenRecord] = []
    assert [each.position for each in SOURCE.events(broken.append)] == [2]
    assert [each.number for each in broken] == [0, 1]


def test_an_error_of_the_server_ends_it(server: type[FakeClient]) -> None:
    server.last, server.holds, server.breaks = 20, (stored(0),), True
    with pytest.raises(HarnessError, match="KurrentDB cannot be read"):
        list(SOURCE.events())
    assert server.closed == 1
