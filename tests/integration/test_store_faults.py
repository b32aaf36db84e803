"""Faults of stores' servers and disks, on real servers: they bite, they heal, and show what they are meant to show."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import nats
import nats.js.errors
import psycopg
import pytest

from harness.drivers.disks import why_none
from harness.drivers.io_limits import find_io
from harness.drivers.local import LocalDriver
from harness.drivers.local_system import LocalSystem
from harness.errors import HarnessError
from harness.faults import broker, jetstream, nats_session, postgres_session
from harness.faults.broker import SlowConsumer, StreamGone
from harness.faults.files import FileFlip, FileTruncate
from harness.faults.postgres import PostgresExhaust, PostgresLock, PostgresReadOnly, PostgresRefuse
from harness.faults.store import DiskFull, DiskSlow, PowerLoss, StoreCrash, StoreRestart
from harness.protocols import Fault, Powered, Provisions, Throttled
from tests.integration.echo import ECHO
from tests.integration.echo.running import eventually, workspace

pytestmark = pytest.mark.servers

STORES = ("postgres", "nats")
DISKS = Provisions(disks=frozenset(STORES))
WRITES = 50


@contextmanager
def running(provisions: Provisions, **settings: dict[str, str]) -> Iterator[LocalSystem]:
    stores = tuple(replace(store, settings=settings.get(store.name, {})) for store in ECHO.stores)
    with (
        workspace() as space,
        LocalDriver().open(replace(ECHO, stores=stores), replace(space, provisions=provisions)) as site,
        site.start("1.0") as system,
    ):
        assert isinstance(system, LocalSystem)
        yield system


@pytest.fixture(scope="module")
def system() -> Iterator[LocalSystem]:
    with running(Provisions(), postgres={"max_connections": "30"}) as system:
        yield system


def bites_and_heals(system: LocalSystem, fault: Fault) -> None:
    with fault.inject(system) as effect:
        bit = effect.bites()
        assert bit.seen, bit.by
    healed = effect.heals()
    assert healed.seen, healed.by


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("kind", [StoreCrash, StoreRestart])
def test_a_server_that_ends_is_down_and_comes_back(
    system: LocalSystem, kind: type[StoreCrash | StoreRestart], store: str
) -> None:
    bites_and_heals(system, kind(store))


@pytest.mark.parametrize(
    "fault",
    [
        PostgresRefuse("postgres"),
        PostgresExhaust("postgres"),
        PostgresLock("postgres", "migrations"),
        PostgresReadOnly("postgres"),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_a_fault_inside_postgresql_bites_and_heals(system: LocalSystem, fault: Fault) -> None:
    bites_and_heals(system, fault)


def test_a_database_that_refused_connections_before_is_no_proof_of_the_fault(system: LocalSystem) -> None:
    postgres_session.allow_connections(system.store_url("postgres"), False)
    with PostgresRefuse("postgres").inject(system) as effect:
        bit = effect.bites()
    assert not bit.seen
    assert bit.by.startswith("it was so before: a new connection is refused")


def test_a_table_that_nobody_has_cannot_be_locked(system: LocalSystem) -> None:
    with pytest.raises(HarnessError, match="none"), PostgresLock("postgres", "none").inject(system):
        pass


def test_a_stream_is_gone_and_comes_back_empty(system: LocalSystem) -> None:
    url = system.store_url("nats")
    asyncio.run(publish(url))
    bites_and_heals(system, StreamGone("nats", "WRITTEN"))
    assert asyncio.run(published(url)) == 0
    jetstream.delete_stream(url, "WRITTEN")
    with pytest.raises(HarnessError, match="there is no stream WRITTEN"), StreamGone("nats", "WRITTEN").inject(system):
        pass


def test_a_subscriber_that_never_reads_is_a_slow_consumer_to_the_server(system: LocalSystem) -> None:
    url = system.store_url("nats")
    asyncio.run(publish(url))
    bites_and_heals(system, SlowConsumer("nats", "WRITTEN"))
    assert asyncio.run(published(url)) == WRITES
    jetstream.delete_stream(url, "WRITTEN")


def test_a_subscriber_that_is_behind_with_nothing_is_no_slow_consumer(
    system: LocalSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nats_session.SlowSubscriber, "press", lambda _: None)
    monkeypatch.setattr(broker, "BEHIND_S_MAX", 0.1)
    asyncio.run(publish(system.store_url("nats")))
    with SlowConsumer("nats", "WRITTEN").inject(system) as effect:
        assert not effect.bites().seen
    jetstream.delete_stream(system.store_url("nats"), "WRITTEN")


def test_what_was_acknowledged_survives_a_crash(system: LocalSystem) -> None:
    write_rows(system)
    bites_and_heals(system, StoreCrash("postgres"))
    assert rows(system) == WRITES


def test_a_message_block_of_jetstream_is_damaged_and_it_goes_on_with_what_is_left(system: LocalSystem) -> None:
    url = system.store_url("nats")
    asyncio.run(publish(url))
    bites_and_heals(system, FileTruncate("nats", "jetstream/**/msgs/*.blk", 700))
    assert asyncio.run(published(url)) < WRITES
    bites_and_heals(system, FileFlip("nats", "jetstream/**/msgs/*.blk", bits=8))


def test_a_store_without_a_disk_of_its_own_cannot_lose_its_power(system: LocalSystem) -> None:
    with pytest.raises(HarnessError, match="the store postgres has no disk of its own"):
        system.cut_power("postgres")


# ── on disks of their own ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def _disks_are_possible() -> None:
    if Powered not in LocalDriver.offers:
        pytest.skip(why_none())


def write_rows(system: LocalSystem) -> None:
    """Each in a transaction of its own, which is acknowledged."""
    with psycopg.connect(system.store_url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE TABLE written (number INT)")
        for number in range(WRITES):
            connection.execute("INSERT INTO written VALUES (%s)", (number,))


def rows(system: LocalSystem) -> int:
    with psycopg.connect(system.store_url("postgres")) as connection:
        try:
            row = connection.execute("SELECT count(*) FROM written").fetchone()
        except psycopg.errors.UndefinedTable:
            return 0
    assert row is not None
    return int(row[0])


async def publish(url: str) -> None:
    """Each is acknowledged."""
    client = await nats.connect(url)
    stream = client.jetstream()
    await stream.add_stream(name="WRITTEN", subjects=["written"])
    for number in range(WRITES):
        await stream.publish("written", str(number).encode())
    await client.close()


async def published(url: str) -> int:
    client = await nats.connect(url)
    try:
        return (await client.jetstream().stream_info("WRITTEN")).state.messages
    except nats.js.errors.NotFoundError:
        return 0
    finally:
        await client.close()


SAFE = {"postgres": {"synchronous_commit": "on"}, "nats": {"jetstream.sync_interval": "always"}}
UNSAFE = {"postgres": {"synchronous_commit": "off", "wal_writer_delay": "10000"}, "nats": {}}
"""The writer of PostgreSQL's log would sync a moment after each commit; NATS does so every two minutes."""


@pytest.mark.usefixtures("_disks_are_possible")
@pytest.mark.parametrize(("settings", "survive"), [(SAFE, True), (UNSAFE, False)], ids=["safe", "unsafe"])
def test_a_power_cut_loses_what_was_acknowledged_before_it_was_synced(
    settings: dict[str, dict[str, str]], survive: bool
) -> None:
    with running(DISKS, **settings) as system:
        write_rows(system)
        bites_and_heals(system, PowerLoss("postgres"))
        asyncio.run(publish(system.store_url("nats")))
        bites_and_heals(system, PowerLoss("nats"))
        left = rows(system), asyncio.run(published(system.store_url("nats")))
        folder = system._workspace.scratch
    assert all((count == WRITES) is survive for count in left), left
    assert str(folder) not in Path("/proc/self/mountinfo").read_text()


@pytest.fixture(scope="module")
def on_disks(_disks_are_possible: None) -> Iterator[LocalSystem]:
    with running(DISKS) as system:
        yield system


@pytest.mark.parametrize("store", STORES)
def test_a_full_disk_is_full_and_has_room_again(on_disks: LocalSystem, store: str) -> None:
    bites_and_heals(on_disks, DiskFull(store))


@pytest.mark.skipif(Throttled not in LocalDriver.offers, reason=LocalDriver.lacks.get(Throttled, ""))
@pytest.mark.parametrize("store", STORES)
def test_a_slow_disk_is_slow_and_quick_again(on_disks: LocalSystem, store: str) -> None:
    bites_and_heals(on_disks, DiskSlow(store, writes_per_s=5))


HARNESS = """
import signal
from dataclasses import replace
from harness.drivers.io_limits import find_io
from harness.drivers.local import LocalDriver
from harness.protocols import Provisions
from tests.integration.echo import ECHO
from tests.integration.echo.running import eventually, workspace
with workspace() as space:
    space = replace(space, provisions=Provisions(disks=frozenset({"postgres"})))
    with LocalDriver().open(ECHO, space) as site, site.start("1.0") as system:
        system.slow_disk("postgres", 50)
        print(space.scratch, flush=True)
        signal.pause()
"""


@pytest.mark.usefixtures("_disks_are_possible")
@pytest.mark.skipif(Throttled not in LocalDriver.offers, reason=LocalDriver.lacks.get(Throttled, ""))
def test_a_harness_that_is_killed_leaves_no_mount_no_loop_device_and_no_control_group() -> None:
    harness = subprocess.Popen([sys.executable, "-c", HARNESS], stdout=subprocess.PIPE, text=True, cwd=Path.cwd())
    assert harness.stdout is not None
    with harness:
        scratch = Path(harness.stdout.readline().strip())
        assert left_of(scratch)
        harness.kill()
    assert eventually(lambda: not scratch.exists()), scratch
    assert not left_of(scratch)


def left_of(scratch: Path) -> list[str]:
    mounts = [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(scratch) in line]
    devices = [
        str(each) for each in Path("/sys/block").glob("loop*/loop/backing_file") if str(scratch) in text_of(each)
    ]
    found = find_io()
    groups = [str(each) for each in found.folder.glob(f"{scratch.name}-*")] if found else []
    return mounts + devices + groups


def text_of(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:  # detached by now
        return ""
