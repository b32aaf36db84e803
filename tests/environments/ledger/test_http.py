"""The HTTP contract, on one healthy instance."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.environments.ledger.servers import World, eventually

pytestmark = pytest.mark.servers


def test_accounts_are_opened_shown_and_change_by_transfers(world: World) -> None:
    (service,) = world.services("2.0")
    assert service.open(1, 500).status == 201
    assert service.open(2, 0).status == 201

    moved = service.transfer(1, 2, 120)

    assert moved.status == 201
    assert moved.json["positions"] == {"1": 2, "2": 2}
    shown = service.account(1)
    assert shown.json == {"account": 1, "balance": 380, "version": 2, "currency": "EUR"}
    assert shown.position == 2
    assert service.account(2).json["balance"] == 120


def test_answers_say_who_gave_them(world: World) -> None:
    (service,) = world.services("1.0+slow-p99")
    for path in ("/live", "/accounts/7", "/nowhere"):
        headers = service.request("GET", path).headers
        assert (headers["x-version"], headers["x-instance"]) == ("1.0+slow-p99", service.name)


def test_what_cannot_be_done_is_refused(world: World) -> None:
    (service,) = world.services("1.0")
    service.open(1, 100)
    service.open(2, 100)

    assert service.open(1, 100).status == 409
    assert service.transfer(1, 2, 101).status == 409
    assert service.transfer(1, 3).status == 404
    assert service.transfer(3, 1).status == 404
    assert service.account(3).status == 404
    assert service.request("GET", "/accounts/3/balance").status == 404
    assert service.request("GET", "/accounts/3/statement").status == 404
    assert service.account(1).json["version"] == 1, "a refusal changes nothing"


def test_nonsense_is_a_bad_request(world: World) -> None:
    (service,) = world.services("1.0")
    service.open(1)
    service.open(2)
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
        assert service.request("POST", "/transfers", order, key=1).status == 400, order
    assert service.request("POST", "/transfers", good).status == 400, "no key"
    assert service.request("PUT", "/accounts/0", {"opening": 1}, key=2).status == 400
    assert service.request("PUT", "/accounts/5", {"opening": -1}, key=3).status == 400
    assert service.transfer(1, 2, key=2**63).status == 400


def test_a_key_gets_its_first_answer_whatever_happened_since(world: World) -> None:
    (service,) = world.services("1.0")
    service.open(1, 100)
    service.open(2, 0)

    first = service.transfer(1, 2, 100, key=7)
    refused = service.transfer(1, 2, 1, key=8)
    service.transfer(2, 1, 50)

    assert service.transfer(1, 2, 100, key=7).body == first.body
    again = service.transfer(1, 2, 1, key=8)
    assert (again.status, again.body) == (409, refused.body)
    assert service.transfer(1, 2, 2, key=7).status == 422, "the key stands for another transfer"
    assert service.account(1).json["version"] == 3


def test_balance_follows_from_the_read_model(world: World) -> None:
    (service,) = world.services("1.0")
    world.projectors("1.0")
    service.open(1, 100)
    service.open(2, 100)
    service.transfer(1, 2, 30)

    def caught_up() -> bool:
        reply = service.request("GET", "/accounts/1/balance")
        return reply.status == 200 and reply.json == {"account": 1, "balance": 70, "position": 2}

    assert eventually(caught_up, "the balance of account 1") < 3
    assert service.request("GET", "/accounts/1/balance").position == 2


def test_a_statement_takes_its_time_and_shows_the_last_events_first(world: World) -> None:
    (service,) = world.services("1.0")
    service.open(1)
    service.open(2)
    for _ in range(15):
        service.transfer(1, 2, 3)

    lines = service.request("GET", "/accounts/1/statement").body.splitlines()

    assert len(lines) == 16
    assert b'"version": 16' in lines[0]
    assert service.request("GET", "/accounts/1/statement").position == 16


def test_metrics_count_what_was_answered(world: World) -> None:
    (service,) = world.services("1.0")
    service.account(1)
    text = service.request("GET", "/metrics").body
    assert b'ledger_requests_total{operation="account",status="404"} 1.0' in text
    assert b"ledger_ready 1.0" in text


def test_concurrent_repetitions_at_two_instances_have_one_effect(world: World) -> None:
    one, two = world.services("1.0", "1.0")
    one.open(1, 1000)
    one.open(2, 0)
    with ThreadPoolExecutor(8) as pool:
        for key in range(100, 120):
            copies = [pool.submit((one, two)[copy % 2].transfer, 1, 2, 1, key) for copy in range(8)]
            assert len({(copy.result().status, copy.result().body) for copy in copies}) == 1
    assert one.account(1).json == {"account": 1, "balance": 980, "version": 21}
    assert two.account(2).json == {"account": 2, "balance": 20, "version": 21}


def test_concurrent_transfers_between_two_accounts_neither_block_nor_lose(world: World) -> None:
    one, two = world.services("1.0", "2.0")
    one.open(1, 1000)
    one.open(2, 1000)
    with ThreadPoolExecutor(4) as pool:
        there = pool.map(lambda _: one.transfer(1, 2).status, range(40))
        back = pool.map(lambda _: two.transfer(2, 1).status, range(40))
        statuses = [*there, *back]
    moved = [statuses[:40].count(201), statuses[40:].count(201)]
    assert set(statuses) <= {201, 409}
    assert min(moved) > 20, "conflicts are decided anew, not handed to the client"
    assert one.account(1).json["balance"] == 1000 - moved[0] + moved[1]
    assert one.account(2).json["balance"] == 1000 + moved[0] - moved[1]
