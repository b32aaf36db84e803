"""The outbox relay: everything once and in order, whoever dies, stops or pauses."""

from __future__ import annotations

import signal

import pytest

from tests.environments.ledger.observations import all_published, assert_faithful, leader_of, published
from tests.environments.ledger.servers import World, eventually
from tests.environments.ledger.traffic import run_transfers, transfers

pytestmark = pytest.mark.servers


@pytest.mark.parametrize("how", ["kill", "pause", "stop"])
def test_another_instance_takes_over(world: World, how: str) -> None:
    instances = world.services("1.0", "1.0")
    for number in range(1, 9):
        instances[0].open(number)
    leader = leader_of(instances)
    (other,) = [instance for instance in instances if instance is not leader]
    with transfers(instances, range(1, 9)) as traffic:
        traffic.await_more(30)
        match how:
            case "kill":
                leader.kill()
            case "pause":
                leader.signal(signal.SIGSTOP)
            case _:
                leader.process.terminate()
        eventually(other.leads, "the other publishes")
        leader.signal(signal.SIGCONT)
        traffic.await_more(20)
    eventually(lambda: all_published(world), "all is published")
    assert_faithful(world)


def test_a_transaction_that_commits_late_is_neither_skipped_nor_overtaken(world: World) -> None:
    (service,) = world.services("1.0")
    service.open(1)
    insert = """
        INSERT INTO ledger_events (originator_id, originator_version, topic, state)
        VALUES ('9', 1, 'ledger.opened', '{"at": "", "key": 9, "amount": 5}')
    """
    with world.postgres.connect(world.database) as slow, slow.transaction():
        slow.execute(insert)
        service.open(2)
        service.open(3)
        eventually(lambda: service.account(3).status == 200, "account 3 is there")
        assert "9" not in published(world)
    eventually(lambda: all_published(world), "all is published")
    assert_faithful(world)


def test_publishing_goes_on_where_it_was_when_all_were_gone(world: World) -> None:
    (first,) = world.services("1.0")
    first.open(1)
    first.open(2)
    run_transfers([first], [1, 2], 20)
    first.kill()
    (second,) = world.services("2.0")
    run_transfers([second], [1, 2], 5)
    eventually(lambda: all_published(world), "all is published")
    assert_faithful(world)


def test_transactions_are_ordered_by_number_not_by_its_digits(world: World) -> None:
    """9 comes before 10: what is read in one go straddles such a step."""
    insert = """
        INSERT INTO ledger_events (originator_id, originator_version, topic, state, recorded_in)
        SELECT '1', number, 'ledger.credited', '{"at": "", "key": 1, "amount": 1}', number::text::xid8
        FROM generate_series(%s::bigint, %s) AS number
    """
    world.query(f"{insert} RETURNING 1", 1, 250)
    world.services("1.0")
    eventually(lambda: all_published(world), "all is published")
    assert_faithful(world)
