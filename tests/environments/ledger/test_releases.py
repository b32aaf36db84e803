"""Releases side by side, and the way there and back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from eventsourcing.persistence import JSONTranscoder, Mapper
from eventsourcing.utils import clear_topic_cache
from ledger.domain import domain_of
from ledger.domain.account import Account, Event, InsufficientFunds

from tests.environments.ledger.servers import World, eventually
from tests.environments.ledger.traffic import transfers

RELEASES = ("1.0", "1.1", "2.0", "2.1")
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'balances'::regclass"


def as_read_by(release: str, written_by: str) -> Account | None:
    """An account of three events that went from one release to the other through the store."""
    mapper: Mapper[str] = Mapper(JSONTranscoder())
    writer = domain_of(written_by)
    clear_topic_cache()
    writer.register()
    opened = writer.open(1, 100, key=1)
    events: list[Event] = [opened]
    for decide in (writer.debit, writer.credit):
        account = writer.project(None, events)
        assert account is not None
        events.append(decide(account, 30, 2))
    stored = [mapper.to_stored_event(event) for event in events]
    clear_topic_cache()
    domain_of(release).register()
    return domain_of(release).project(None, [mapper.to_domain_event(event) for event in stored])  # type: ignore[misc]


@pytest.mark.parametrize("writer", RELEASES)
@pytest.mark.parametrize("reader", RELEASES)
def test_each_release_reads_the_events_of_each(writer: str, reader: str) -> None:
    currency = None if reader == "1.0" else "EUR"
    assert as_read_by(reader, writer) == Account("1", 3, 100, currency)


@pytest.mark.parametrize("writer", [*RELEASES, "3.0"])
def test_3_0_reads_the_events_of_each(writer: str) -> None:
    assert as_read_by("3.0", writer) == Account("1", 3, 100, "EUR")


def test_of_the_releases_before_it_2_1_reads_the_events_of_3_0() -> None:
    assert as_read_by("2.1", "3.0") == Account("1", 3, 100, "EUR")


@pytest.mark.parametrize("reader", ["1.0", "1.1", "2.0"])
def test_and_the_others_find_no_amount(reader: str) -> None:
    with pytest.raises(AttributeError, match="amount"):
        as_read_by(reader, "3.0")


@pytest.mark.parametrize(("before", "between"), [("1.0", "1.1"), ("2.0", "2.1")])
def test_a_release_to_go_through_writes_what_the_one_before_it_writes(before: str, between: str) -> None:
    old, new = (domain_of(release).open(1, 5, key=1) for release in (before, between))
    assert vars(old).keys() == vars(new).keys()
    assert getattr(old, "class_version", 1) == getattr(new, "class_version", 1)


def test_an_account_does_not_go_below_zero() -> None:
    domain = domain_of("2.0")
    with pytest.raises(InsufficientFunds, match="account 1 has 99"):
        domain.debit(Account("1", 1, 99, "EUR"), 100, key=1)


@pytest.mark.servers
def test_releases_work_side_by_side_while_the_schema_goes_there_and_back(world: World) -> None:
    first = world.services("1.0", "1.1")
    world.migrate("expand", "2.0")
    instances = [*first, *world.services("2.0")]
    world.projectors("1.0", "2.0")
    for number in range(1, 9):
        instances[number % 3].open(number)
    with transfers(instances, range(1, 9)) as traffic:
        for phase in ("contract", "back"):
            world.migrate(phase, "2.0")
            traffic.await_more(10)
    assert set(traffic.outcomes.values()) == {201}
    balances = [[instance.account(number).json["balance"] for number in range(1, 9)] for instance in instances]
    assert balances[0] == balances[1] == balances[2]
    assert sum(balances[0]) == 80_000
    expected = [(str(number), balance) for number, balance in enumerate(balances[0], start=1)]
    eventually(lambda: world.query("SELECT account, value FROM balances ORDER BY 1") == expected, "the read model")


@pytest.mark.servers
def test_the_way_back_to_1_0_leaves_its_schema(world: World) -> None:
    columns = "SELECT column_name FROM information_schema.columns WHERE table_name = 'balances' ORDER BY 1"
    before = world.query(columns)
    for phase in ("expand", "contract", "contract", "back"):
        world.migrate(phase, "2.0")
    world.migrate("back", "1.1")
    assert world.query(columns) == before


@pytest.mark.servers
def test_a_migration_lets_others_pass_while_it_waits_for_a_lock(world: World) -> None:
    with ThreadPoolExecutor(1) as pool, psycopg.connect(world.database_url) as busy:
        busy.execute("LOCK TABLE balances IN ACCESS SHARE MODE")
        migration = pool.submit(world.migrate, "expand", "2.0")
        eventually(lambda: world.number(WAITING) == 1, "the migration waits for the lock")
        for _ in range(3):
            assert world.query("SELECT count(*) FROM balances") == [(0,)]
        assert not migration.done()
        busy.rollback()
        migration.result()
    assert world.query("SELECT currency FROM balances") == []
