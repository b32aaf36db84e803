"""The projector: every event counted in exactly once, in whatever order and however often it is delivered."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from eventsourcing.utils import clear_topic_cache
from ledger.balances import Balances, Change
from ledger.domain import domain_of
from ledger.projector import Projector

from tests.environments.ledger.observations import read_model_is_right
from tests.environments.ledger.servers import World, eventually
from tests.environments.ledger.traffic import transfers


class InMemory(Balances):
    """The read model's rule, without a database."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[int, int]] = {}

    def positions(self, accounts: Any) -> dict[str, int]:
        return {account: self.rows[account][1] for account in accounts if account in self.rows}

    def apply(self, changes: Sequence[Change]) -> set[str]:
        for change in changes:
            value, position = self.rows.get(change.account, (0, 0))
            assert change.first == position + 1
            self.rows[change.account] = (value + change.amount, change.last)
        return {change.account for change in changes}


@dataclass
class FakeMessage:
    account: str
    version: int
    amount: int
    fate: list[str] = field(default_factory=list)

    @property
    def headers(self) -> dict[str, str]:
        topic = "ledger.opened" if self.version == 1 else "ledger.credited"
        return {"Event-Stream": self.account, "Event-Position": str(self.version), "Event-Type": topic}

    @property
    def data(self) -> bytes:
        return json.dumps({"at": "", "key": 1, "amount": self.amount}).encode()

    async def ack(self) -> None:
        self.fate.append("ack")

    async def nak(self, delay: float | None = None) -> None:
        self.fate.append("nak")


@pytest.fixture
def projector() -> Projector:
    clear_topic_cache()
    domain_of("1.0").register()
    return Projector(InMemory())


def take(projector: Projector, *messages: FakeMessage) -> None:
    asyncio.run(projector.take(cast("Any", messages)))


def rows(projector: Projector) -> dict[str, tuple[int, int]]:
    return cast("InMemory", projector.balances).rows


def test_events_in_any_order_are_applied_in_theirs(projector: Projector) -> None:
    messages = [FakeMessage("7", version, 10**version) for version in (3, 1, 2)]
    take(projector, *messages)
    assert rows(projector) == {"7": (1110, 3)}
    assert [message.fate for message in messages] == [["ack"]] * 3
    assert not projector.waiting


def test_an_event_that_comes_again_is_acknowledged_and_not_applied(projector: Projector) -> None:
    first, again, late = (FakeMessage("7", 1, 10) for _ in range(3))
    take(projector, first, again)
    take(projector, late)
    assert rows(projector) == {"7": (10, 1)}
    assert first.fate == again.fate == late.fate == ["ack"]


def test_an_event_without_its_predecessor_waits_for_it(projector: Projector) -> None:
    second = FakeMessage("7", 2, 5)
    take(projector, second)
    assert (rows(projector), second.fate) == ({}, [])
    take(projector, FakeMessage("7", 1, 10))
    assert (rows(projector), second.fate) == ({"7": (15, 2)}, ["ack"])


def test_whatever_still_waits_goes_back_to_the_broker_at_the_end(projector: Projector) -> None:
    second = FakeMessage("7", 2, 5)
    take(projector, second)
    asyncio.run(projector.stop())
    assert second.fate == ["nak"]
    assert not projector.waiting


def test_an_event_that_cannot_be_read_goes_back_and_stops_only_its_account(projector: Projector) -> None:
    class Unreadable(FakeMessage):
        @property
        def data(self) -> bytes:
            return b'{"at": "", "key": 1, "class_version": 3, "money": {"cents": 1}}'

    unreadable, other = Unreadable("7", 1, 0), FakeMessage("8", 1, 4)
    take(projector, unreadable, other)
    assert unreadable.fate == ["nak"]
    assert rows(projector) == {"8": (4, 1)}


@pytest.mark.servers
def test_the_read_model_equals_the_events_whatever_befalls_projectors(world: World) -> None:
    (service,) = world.services("1.0")
    projectors = world.projectors("1.0", "1.0")
    for number in range(1, 13):
        service.open(number)
    with transfers([service], range(1, 13), rate_per_s=150) as traffic:
        for befall in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM):
            projectors[0].signal(befall)
            traffic.await_more(60)
            projectors[0].signal(signal.SIGCONT)
            if befall is not signal.SIGSTOP:
                projectors = [*projectors[1:], *world.projectors("1.0")]
    eventually(lambda: read_model_is_right(world), "the read model equals the fold", within_s=5)
