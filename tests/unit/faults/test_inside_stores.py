"""Faults inside servers that run on, against servers that obey, or that only say so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn

import psycopg
import pytest

from harness.environment import StoreKind
from harness.errors import HarnessError, InvalidInput
from harness.faults import broker, jetstream, looks, nats_session, postgres_session
from harness.faults.broker import SlowConsumer, StreamGone
from harness.faults.looks import Looked, Seen
from harness.faults.postgres import PostgresExhaust, PostgresLock, PostgresReadOnly, PostgresRefuse
from harness.protocols import Fault
from harness.scenario_check import check_target
from harness.verdict import Status
from tests.unit.fakes import ENVIRONMENT, FakeSystem
from tests.unit.faults.judged import judged

FAULTS = [
    PostgresRefuse("postgres"),
    PostgresExhaust("postgres"),
    PostgresLock("postgres", "accounts"),
    PostgresReadOnly("postgres"),
    StreamGone("nats", "LEDGER"),
    SlowConsumer("nats", "LEDGER"),
]
LOOK_CONNECT = postgres_session.look_connect
"""The real one."""


@dataclass
class Server:
    """Both servers in one: `broken` is what a question meets."""

    deaf: bool = False
    stays: bool = False
    broken: bool = False
    connected: bool = False
    slow: int = 3
    """Slow consumers so far; some were there before."""
    behind: int = 5
    config: Mapping[str, Any] | None = field(default_factory=lambda: {"name": "LEDGER", "max_msgs": 7})

    def breaks(self) -> None:
        self.broken = not self.deaf

    def heals(self) -> None:
        self.broken = self.stays

    def look(self, *_: object) -> Seen:
        return Seen(self.broken, "asked")

    def connect(self) -> None:
        self.connected = True

    def press(self) -> None:
        self.slow += not self.deaf

    def hang_up(self) -> None:
        self.connected = self.stays

    @contextmanager
    def locked(self, *_: object) -> Iterator[None]:
        self.breaks()
        yield
        self.heals()

    def request(self, url: str, subject: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        if "STATZ" in subject:
            return {"data": {"account_statz": [{"slow_consumers": self.slow}]}}
        if "CONNZ" in subject:
            return {"data": {"connections": [{"pending_bytes": self.behind}] if self.connected else []}}
        if "DELETE" in subject and not self.deaf:
            self.config = None
        if "CREATE" in subject and not self.stays:
            assert body == {"name": "LEDGER", "max_msgs": 7}
            self.config = body
        if "INFO" in subject and self.config is None:
            return {"error": {"err_code": jetstream.STREAM_NOT_FOUND, "description": "stream not found"}}
        return {"config": self.config}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server()
    for name in ("look_connect", "look_read", "look_write"):
        monkeypatch.setattr(postgres_session, name, server.look)
    monkeypatch.setattr(
        postgres_session, "allow_connections", lambda _, yes: server.heals() if yes else server.breaks()
    )
    monkeypatch.setattr(postgres_session, "make_read_only", lambda _, yes: server.breaks() if yes else server.heals())
    monkeypatch.setattr(postgres_session.Hoard, "take", lambda _: server.breaks())
    monkeypatch.setattr(postgres_session.Hoard, "give_back", lambda _: server.heals())
    monkeypatch.setattr(postgres_session, "locked", server.locked)
    monkeypatch.setattr(jetstream, "request", server.request)
    monkeypatch.setattr(nats_session, "request", server.request)
    monkeypatch.setattr(nats_session.SlowSubscriber, "connect", server.connect)
    monkeypatch.setattr(nats_session.SlowSubscriber, "press", server.press)
    monkeypatch.setattr(nats_session.SlowSubscriber, "close", server.hang_up)
    monkeypatch.setattr(broker, "BEHIND_S_MAX", 0.2)
    monkeypatch.setattr(broker, "HEAL_TIMEOUT_S", 0.02)
    for name in ("PROOF_TIMEOUT_S", "HEAL_TIMEOUT_S", "POLL_S"):
        monkeypatch.setattr(looks, name, 0.02)
    return server


each = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)


@each
@pytest.mark.usefixtures("server")
def test_it_bites_and_heals(fault: Fault) -> None:
    with fault.inject(FakeSystem()) as effect:
        assert effect.bites().seen
    assert effect.heals().seen


@each
def test_a_server_that_does_not_obey_makes_the_verdict_unknown(server: Server, fault: Fault) -> None:
    server.deaf = True
    assert judged(fault, FakeSystem()).status is Status.UNKNOWN


@each
def test_a_server_that_stays_so_is_not_healed(server: Server, fault: Fault) -> None:
    server.stays = True
    with fault.inject(FakeSystem()) as effect:
        pass
    assert not effect.heals().seen


@pytest.mark.parametrize(
    "reason", ['database "app" is not currently accepting connections', "too many clients already", "no such role"]
)
@pytest.mark.parametrize("fault", FAULTS[:2], ids=lambda fault: type(fault).__name__)
def test_a_database_that_refused_connections_before_makes_the_verdict_unknown(
    server: Server, monkeypatch: pytest.MonkeyPatch, fault: Fault, reason: str
) -> None:
    """Whatever it said then: what it says now may have the same cause."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise psycopg.OperationalError(f"FATAL: {reason}")

    monkeypatch.setattr(psycopg, "connect", refuse)
    monkeypatch.setattr(postgres_session, "look_connect", LOOK_CONNECT)
    outcome = judged(fault, FakeSystem())
    assert outcome.status is Status.UNKNOWN
    assert outcome.bit_by == f"it was so before: a new connection is refused: FATAL: {reason}"


def test_what_was_so_before_proves_nothing() -> None:
    seen = Seen(True, "a write is refused")
    assert Looked(lambda: seen, seen).bites().by == "it was so before: a write is refused"


def test_a_stream_that_somebody_has_made_again_is_left_as_it_is(server: Server) -> None:
    with StreamGone("nats", "LEDGER").inject(FakeSystem()):
        server.config = {"name": "LEDGER", "max_msgs": 1}
    assert server.config == {"name": "LEDGER", "max_msgs": 1}


def test_a_stream_that_was_never_there_cannot_go(server: Server) -> None:
    server.config = None
    with (
        pytest.raises(HarnessError, match="there is no stream LEDGER"),
        StreamGone("nats", "LEDGER").inject(FakeSystem()),
    ):
        pass


def test_slow_consumers_of_others_are_no_proof_of_ours(server: Server) -> None:
    server.behind = 0
    outcome = judged(SlowConsumer("nats", "LEDGER"), FakeSystem())
    assert outcome.status is Status.UNKNOWN
    assert "and ours has 0 bytes to come" in outcome.bit_by


def test_nobody_subscribes_to_a_stream_that_is_not_there(server: Server) -> None:
    server.config = None
    with (
        pytest.raises(HarnessError, match="there is no stream LEDGER to subscribe to"),
        SlowConsumer("nats", "LEDGER").inject(FakeSystem()),
    ):
        pass


def test_stores_of_another_kind_are_refused() -> None:
    check_target(PostgresRefuse("postgres"), ENVIRONMENT)
    with pytest.raises(InvalidInput, match="has no store of the kind nats called 'postgres'; it has none"):
        check_target(StreamGone("postgres", "LEDGER"), ENVIRONMENT)
    assert PostgresRefuse.of_kind is StoreKind.POSTGRES


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: PostgresLock("postgres", ""), "table is empty"),
        (lambda: StreamGone("nats", ""), "stream must be a stream's name"),
        (lambda: StreamGone("nats", "ledger.>"), "stream must be a stream's name"),
    ],
)
def test_what_makes_no_sense_is_refused(make: object, complaint: str) -> None:
    assert callable(make)
    with pytest.raises(InvalidInput, match=complaint):
        make()
