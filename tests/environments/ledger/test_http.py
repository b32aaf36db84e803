"""The HTTP contract, on one healthy instance."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from tests.environments.ledger.servers import Instance, Postgres, World, eventually

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def shared(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two instances and a projector for all tests here, each with accounts of its own."""
    with World(tmp_path_factory.mktemp("world"), postgres) as running:
        running.migrate("expand", "2.0")
        running.services("1.0", "2.0")
        running.projectors("2.0")
        yield running


@pytest.fixture
def one(shared: World) -> Instance:
    return shared.instances[0]


@pytest.fixture
def two(shared: World) -> Instance:
    return shared.instances[1]


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    """Accounts that nobody has opened yet."""
    return count(1)


def test_accounts_are_opened_shown_and_change_by_transfers(two: Instance, numbers: Iterator[int]) -> None:
    a, b = next(numbers), next(numbers)
    assert two.open(a, 500).status == 201
    assert two.open(b, 0).status == 201

    moved = two.transfer(a, b, 120)

    assert moved.status == 201
    assert moved.json["positions"] == {str(a): 2, str(b): 2}
    shown = two.account(a)
    assert shown.json == {"account": a, "balance": 380, "version": 2, "currency": "EUR"}
    assert shown.position == 2
    assert two.account(b).json["balance"] == 120


def test_answers_say_who_gave_them(two: Instance) -> None:
    for path in ("/live", "/accounts/999999", "/nowhere"):
        headers = two.request("GET", path).headers
        assert (headers["x-version"], headers["x-instance"]) == ("2.0", two.name)


def test_what_cannot_be_done_is_refused(one: Instance, numbers: Iterator[int]) -> None:
    a, b, nobody = next(numbers), next(numbers), next(numbers)
    one.open(a, 100)
    one.open(b, 100)

    assert one.open(a, 100).status == 409
    assert one.transfer(a, b, 101).status == 409
    assert one.transfer(a, nobody).status == 404
    assert one.transfer(nobody, a).status == 404
    assert one.account(nobody).status == 404
    assert one.request("GET", f"/accounts/{nobody}/balance").status == 404
    assert one.request("GET", f"/accounts/{nobody}/statement").status == 404
    assert one.account(a).json["version"] == 1, "a refusal changes nothing"


def test_nonsense_is_a_bad_request(one: Instance) -> None:
    good = {"from": 1, "to": 2, "amount": 1}
    bad_orders: list[object] = [
        {**good, "amount": 0},
        {**good, "amount": 1.5},
        {**good, "to": 1},
        {**good, "from": -1},
        {"from": 1, "to": 2},
        [],
    ]
    for order in bad_orders:
        assert one.request("POST", "/transfers", order, key=1).status == 400, order
    assert one.request("POST", "/transfers", good).status == 400, "no key"
    assert one.request("PUT", "/accounts/0", {"opening": 1}, key=2).status == 400
    assert one.request("PUT", "/accounts/5", {"opening": -1}, key=3).status == 400
    assert one.transfer(1, 2, key=2**63).status == 400


def test_a_key_gets_its_first_answer_whatever_happened_since(one: Instance, numbers: Iterator[int]) -> None:
    a, b = next(numbers), next(numbers)
    one.open(a, 100)
    one.open(b, 0)

    first = one.transfer(a, b, 100, key=7)
    refused = one.transfer(a, b, 1, key=8)
    one.transfer(b, a, 50)

    assert one.transfer(a, b, 100, key=7).body == first.body
    again = one.transfer(a, b, 1, key=8)
    assert (again.status, again.body) == (409, refused.body)
    assert one.transfer(a, b, 2, key=7).status == 422, "the key stands for another transfer"
    assert one.account(a).json["version"] == 3


def test_balance_follows_from_the_read_model(one: Instance, numbers: Iterator[int]) -> None:
    a, b = next(numbers), next(numbers)
    one.open(a, 100)
    one.open(b, 100)
    one.transfer(a, b, 30)

    def caught_up() -> bool:
        reply = one.request("GET", f"/accounts/{a}/balance")
        return reply.status == 200 and reply.json == {"account": a, "balance": 70, "position": 2}

    eventually(caught_up, "the balance of the first account")
    assert one.request("GET", f"/accounts/{a}/balance").position == 2


def test_a_statement_takes_its_time_and_shows_the_last_events_first(one: Instance, numbers: Iterator[int]) -> None:
    a, b = next(numbers), next(numbers)
    one.open(a)
    one.open(b)
    for _ in range(15):
        one.transfer(a, b, 3)

    began = time.monotonic()
    statement = one.request("GET", f"/accounts/{a}/statement")

    assert time.monotonic() - began > 0.25
    lines = statement.body.splitlines()
    assert len(lines) == statement.position == 16
    assert b'"version": 16' in lines[0]


def test_metrics_count_what_was_answered(two: Instance) -> None:
    before = two.request("GET", "/metrics").body
    two.request("GET", "/accounts/999999/statement")
    counted = b'ledger_requests_total{operation="statement",status="404"} 1.0'
    assert counted not in before
    text = two.request("GET", "/metrics").body
    assert counted in text
    assert b"ledger_ready 1.0" in text


def test_concurrent_repetitions_at_two_instances_have_one_effect(
    one: Instance, two: Instance, numbers: Iterator[int]
) -> None:
    a, b = next(numbers), next(numbers)
    one.open(a, 1000)
    one.open(b, 0)
    with ThreadPoolExecutor(8) as pool:
        for key in range(100, 120):
            copies = [pool.submit((one, two)[copy % 2].transfer, a, b, 1, key) for copy in range(8)]
            assert len({(copy.result().status, copy.result().body) for copy in copies}) == 1
    assert one.account(a).json == {"account": a, "balance": 980, "version": 21}
    assert two.account(b).json == {"account": b, "balance": 20, "version": 21, "currency": "EUR"}


def test_concurrent_transfers_between_two_accounts_neither_block_nor_lose(
    one: Instance, two: Instance, numbers: Iterator[int]
) -> None:
    a, b = next(numbers), next(numbers)
    one.open(a, 1000)
    one.open(b, 1000)
    with ThreadPoolExecutor(4) as pool:
        there = pool.map(lambda _: one.transfer(a, b).status, range(40))
        back = pool.map(lambda _: two.transfer(b, a).status, range(40))
        statuses = [*there, *back]
    moved = [statuses[:40].count(201), statuses[40:].count(201)]
    assert set(statuses) <= {201, 409}
    assert min(moved) > 20, "conflicts are decided anew, not handed to the client"
    assert one.account(a).json["balance"] == 1000 - moved[0] + moved[1]
    assert one.account(b).json["balance"] == 1000 + moved[0] - moved[1]
