"""Recording from a real PostgreSQL and a real NATS."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import nats
import psycopg
import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from nats.js.api import StreamConfig

from harness.errors import HarnessError
from harness.streams import recorder
from harness.streams.event import BrokenRecord, RecordedEvent
from harness.streams.files import open_recording
from harness.streams.seen import Seen
from harness.streams.sources.nats import Nats
from harness.streams.sources.postgresql import Columns, PostgreSQL
from tests.environments.ledger.servers import Nats as NatsServer
from tests.environments.ledger.servers import Postgres

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    # Not pytest's own folder, which the account that PostgreSQL runs as cannot enter.
    with tempfile.TemporaryDirectory(prefix="streams-") as folder:
        Path(folder).chmod(0o755)
        server = Postgres(Path(folder))
        yield server
        server.stop()


@pytest.fixture
def database(postgres: Postgres) -> str:
    return postgres.url(postgres.new_database())


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[NatsServer]:
    server = NatsServer(tmp_path)
    yield server
    server.stop()


def execute(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


class Dog(Aggregate):
    @event("Registered")
    def __init__(self, name: str) -> None:
        self.name = name

    class Renamed(Aggregate.Event):
        class_version = 2
        name: str

        @staticmethod
        def upcast_v1_v2(state: dict[str, object]) -> None:
            pass

        def apply(self, aggregate: Dog) -> None:
            aggregate.name = self.name


def test_the_tables_of_the_eventsourcing_library_need_no_mapping(database: str) -> None:
    """The table is made as the library makes it; the library itself needs a pool that is not installed here."""
    execute(
        database,
        "CREATE TABLE application_events (originator_id uuid NOT NULL, originator_version bigint NOT NULL, topic text, "
        "state bytea, notification_id bigserial, PRIMARY KEY (originator_id, originator_version))",
    )
    kennel: Application[UUID] = Application()
    dogs = [Dog("Rex"), Dog("Pluto")]
    for dog in dogs:
        dog.trigger_event(Dog.Renamed, name="Bello")
        kennel.save(dog)
    with psycopg.connect(database, autocommit=True) as connection:
        for stored in kennel.recorder.select_notifications(start=1, limit=10):
            row = (stored.originator_id, stored.originator_version, stored.topic, stored.state)
            connection.execute("INSERT INTO application_events VALUES (%s, %s, %s, %s)", row)
    events = list(PostgreSQL(database, "public.application_events").events())
    assert [(each.stream, each.position, each.version) for each in events] == [
        (str(dog.id), position, position) for dog in dogs for position in (1, 2)
    ]
    assert events[1].type.endswith(":Dog.Renamed")
    assert b'"name":"Bello"' in events[1].data
    assert [each.metadata["sequence"] for each in events] == [1, 2, 3, 4]


def test_any_table_is_read_by_its_columns(database: str) -> None:
    execute(
        database,
        'CREATE TABLE "Journal" (aggregate uuid, revision int, kind text, schema int, body jsonb, headers json)',
        """INSERT INTO "Journal"
           SELECT '00000000-0000-0000-0000-000000000001', n, 'Paid', 2, '{"a": 1.10}', '{"by": "me"}'
           FROM generate_series(1, 30) AS n""",
        """INSERT INTO "Journal" VALUES ('00000000-0000-0000-0000-000000000002', 1, NULL, 1, '{}', NULL)""",
    )
    columns = Columns("aggregate", "revision", "kind", "body", "schema", "headers", sequence="")
    broken: list[BrokenRecord] = []
    events = list(PostgreSQL(database, "Journal", columns).events(broken.append))
    assert events[0] == RecordedEvent(
        "00000000-0000-0000-0000-000000000001", 1, "Paid", 2, b'{"a": 1.10}', {"by": "me"}
    )
    assert [each.position for each in events] == list(range(1, 31))
    assert [(each.origin, each.number) for each in broken] == [("table Journal", 31)]


TRICKY = [
    RecordedEvent("ä/1", 1, "Paid", 1, b' { "a" : 1.10 }'),
    RecordedEvent("ä/1", 2, "Paid", 2, b'{"class_version":2}'),
    RecordedEvent("b", 1, "Paid", 1, b"\x00\xff compressed"),
    RecordedEvent("b", 2, "Paid", 1, b""),
    RecordedEvent("b", 3, "Paid", 1, b"[1,\n2]"),
]


@pytest.fixture
def journal(database: str) -> str:
    """A table of another's making, which holds TRICKY."""
    execute(database, "CREATE TABLE journal (entity text, revision int, kind text, body bytea)")
    with psycopg.connect(database, autocommit=True) as connection, connection.cursor() as cursor:
        rows = [(each.stream, each.position, each.type, each.data) for each in TRICKY]
        cursor.executemany("INSERT INTO journal VALUES (%s, %s, %s, %s)", rows)
    return database


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_what_is_recorded_by_a_mapping_is_what_the_table_holds(suffix: str, journal: str, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(
        '[source]\nkind = "postgresql"\ntable = "journal"\n'
        'columns = { stream = "entity", position = "revision", type = "kind", data = "body", sequence = "" }\n'
        '[scrub]\nunknown = "keep"\n'
    )
    target = tmp_path / f"a.{suffix}"
    assert recorder.record(recorder.read_plan(tmp_path / "plan.toml", journal), target).broken == ()
    assert sorted(open_recording(target).events(), key=lambda each: (each.stream, each.position)) == sorted(
        TRICKY, key=lambda each: (each.stream, each.position)
    )


def test_what_is_written_while_it_is_read_is_not_in_it(journal: str) -> None:
    """One transaction sees one state: a recording has no half of what another transaction did."""
    columns = Columns("entity", "revision", "kind", "body", sequence="")
    source = PostgreSQL(journal, "journal", columns)
    assert len(list(source.unseen(Seen()))) == len(TRICKY), "nothing numbers them, so nobody can tell what is new"
    events = source.events()
    first = next(events)
    execute(journal, "INSERT INTO journal SELECT 'late', n, 'Paid', '' FROM generate_series(1, 100) AS n")
    assert len([first, *events]) == len(TRICKY)


def test_what_was_not_seen_yet_is_read_alone_and_what_was_committed_late_too(database: str) -> None:
    insert = (
        "INSERT INTO ledger_events (originator_id, originator_version, topic, state) VALUES ('a', {}, 'opened', '')"
    )
    source = PostgreSQL(database, "ledger_events")
    with psycopg.connect(database) as late:
        late.execute(insert.format(1).encode())
        execute(database, insert.format(2))
        assert [each.position for each in source.events()] == [2]
        late.commit()
    execute(database, insert.format(3))
    assert [each.position for each in source.unseen(Seen(2, frozenset({1})))] == [1, 3]
    assert list(source.unseen(Seen(3))) == []


@pytest.mark.parametrize("version", ["0", "-1", '"two"', "1.5", "null"])
def test_a_version_that_is_none_makes_the_event_a_broken_one(version: str, journal: str) -> None:
    execute(journal, f"""INSERT INTO journal VALUES ('c', 1, 'Paid', convert_to('{{"v":{version}}}', 'UTF8'))""")
    broken: list[BrokenRecord] = []
    columns = Columns("entity", "revision", "kind", "body", sequence="")
    events = list(PostgreSQL(journal, "journal", columns, version_field="v").events(broken.append))
    assert len(events) == len(TRICKY)
    assert [each.origin for each in broken] == ["table journal"]


def test_large_events_are_read(database: str) -> None:
    execute(
        database,
        "INSERT INTO ledger_events (originator_id, originator_version, topic, state) "
        "SELECT 'a', n, 'note', convert_to(repeat('x', 10000000), 'UTF8') FROM generate_series(1, 4) AS n",
    )
    assert [len(each.data) for each in PostgreSQL(database, "ledger_events").events()] == [10_000_000] * 4


@pytest.mark.parametrize(("table", "column"), [("absent", "state"), ("ledger_events", "absent")])
def test_a_table_or_column_that_is_not_there_is_told(table: str, column: str, database: str) -> None:
    with pytest.raises(HarnessError, match=rf'the table {table} cannot be read: .*"absent" does not exist'):
        list(PostgreSQL(database, table, Columns(data=column)).events())


def test_a_database_is_recorded_scrubbed(database: str, tmp_path: Path) -> None:
    execute(
        database,
        "INSERT INTO ledger_events (originator_id, originator_version, topic, state) "
        """VALUES ('account-1', 1, 'ledger.opened', '{"name":"Ada","amount":5}')""",
    )
    (tmp_path / "plan.toml").write_text(
        '[source]\nkind = "postgresql"\ntable = "ledger_events"\n[scrub]\nunknown = "keep"\n'
        '[[scrub.rules]]\npath = "/data/name"\naction = "mask"\n'
    )
    recorder.record(recorder.read_plan(tmp_path / "plan.toml", database), tmp_path / "a.parquet")
    [event] = open_recording(tmp_path / "a.parquet").events()
    assert event.data == b'{"name":"xxx","amount":5}'


async def publish(url: str, count: int, *, stream: str = "LEDGER", max_msgs: int | None = None) -> None:
    client = await nats.connect(url)
    jetstream = client.jetstream()
    await jetstream.add_stream(StreamConfig(name=stream, subjects=[f"{stream.lower()}.>"], max_msgs=max_msgs))
    for position in range(1, count + 1):
        headers = {"Event-Stream": "account-1", "Event-Position": str(position), "Event-Type": "opened"}
        await jetstream.publish(
            f"{stream.lower()}.account",
            b'{"class_version":2}',
            headers=headers if position != 3 else {"Event-Stream": "account-1"},
        )
    await client.close()


def test_a_stream_of_nats_is_read_from_its_first_to_its_last_message(broker: NatsServer) -> None:
    asyncio.run(publish(broker.url, 450))
    broken: list[BrokenRecord] = []
    events = list(Nats(broker.url, "LEDGER").events(broken.append))
    assert [each.position for each in events] == [1, 2, *range(4, 451)]
    assert events[-1] == RecordedEvent("account-1", 450, "opened", 2, b'{"class_version":2}', {"sequence": 450})
    assert [(each.origin, each.number) for each in broken] == [("stream LEDGER", 3)]
    assert "has no header Event-Position, Event-Type" in broken[0].reason


def test_messages_that_were_seen_are_not_read_again(broker: NatsServer) -> None:
    asyncio.run(publish(broker.url, 5))
    source = Nats(broker.url, "LEDGER")
    assert [each.metadata["sequence"] for each in source.unseen(Seen(3))] == [4, 5]
    assert list(source.unseen(Seen(5))) == []
    broken: list[BrokenRecord] = []
    assert [each.position for each in source.unseen(Seen(), broken.append)] == [1, 2, 4, 5]
    assert [each.number for each in broken] == [3]


def test_what_the_stream_has_discarded_is_told(broker: NatsServer) -> None:
    asyncio.run(publish(broker.url, 6, max_msgs=2))
    broken: list[BrokenRecord] = []
    assert [each.position for each in Nats(broker.url, "LEDGER").events(broken.append)] == [5, 6]
    assert [(each.number, each.reason) for each in broken] == [(4, "the stream has discarded it")]


async def publish_named(url: str) -> None:
    client = await nats.connect(url)
    jetstream = client.jetstream()
    await jetstream.add_stream(StreamConfig(name="ORDERS", subjects=["orders.>"]))
    for position, version in (("1", "2"), ("2", ""), ("three", "2"), ("4", "0")):
        headers = {"entity": "order-1", "revision": position, "kind": "placed"}
        await jetstream.publish(
            "orders.a", b"\x00 no JSON", headers={**headers, "schema": version} if version else headers
        )
    await client.close()


async def consumers(url: str) -> int:
    client = await nats.connect(url)
    state = (await client.jetstream().stream_info("ORDERS")).state
    await client.close()
    return state.consumer_count


def test_headers_are_named_and_nothing_is_left_in_the_broker(broker: NatsServer) -> None:
    asyncio.run(publish_named(broker.url))
    headers = {"stream_header": "entity", "position_header": "revision", "type_header": "kind"}
    source = Nats(broker.url, "ORDERS", **headers, version_header="schema")
    broken: list[BrokenRecord] = []
    assert [(each.stream, each.position, each.version, each.data) for each in source.events(broken.append)] == [
        ("order-1", 1, 2, b"\x00 no JSON"),
        ("order-1", 2, 1, b"\x00 no JSON"),
    ]
    assert [each.number for each in broken] == [3, 4]
    assert asyncio.run(consumers(broker.url)) == 0


def test_messages_that_come_while_it_reads_are_not_read(broker: NatsServer) -> None:
    asyncio.run(publish(broker.url, 250))
    events = Nats(broker.url, "LEDGER").events(lambda _: None)
    first = next(events)
    asyncio.run(publish(broker.url, 50))
    assert len([first, *events]) == 249  # the third has no headers


def test_an_empty_stream_gives_nothing_and_one_that_is_not_there_is_told(broker: NatsServer) -> None:
    asyncio.run(publish(broker.url, 0))
    assert list(Nats(broker.url, "LEDGER").events()) == []
    with pytest.raises(HarnessError, match="the stream ABSENT cannot be read"):
        list(Nats(broker.url, "ABSENT").events())
