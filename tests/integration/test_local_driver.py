"""The driver `local` with all its real servers and a service of the standard library."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import nats
import psycopg
import pytest

from harness.drivers.local import LocalDriver
from harness.drivers.site import RunningSite
from harness.drivers.system import RunningSystem
from harness.environment import Service
from harness.errors import HarnessError, InvalidInput, StartFailed, StepFailed
from harness.protocols import Departure, Killable, Linked, Pausable
from harness.servers import TOXIPROXY
from harness.supervisor.scratch import Identity
from tests.integration.echo import ECHO, WEB
from tests.integration.echo.running import Answer, ask, connect, continuous_requests, eventually, get, workspace

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def site() -> Iterator[RunningSite]:
    with workspace() as space, LocalDriver().open(ECHO, space) as site:
        yield site


@contextmanager
def running(site: RunningSite, version: str = "1.0") -> Iterator[RunningSystem]:
    with site.start(version) as system:
        yield system


@pytest.fixture(scope="module")
def shared(site: RunningSite) -> Iterator[RunningSystem]:
    with site.start("1.0") as system:
        yield system


@pytest.fixture
def system(shared: RunningSystem) -> Iterator[RunningSystem]:
    """Two instances of 1.0 and a worker, all traffic on 1.0; whatever a test adds is removed again."""
    before = {instance.name for instance in shared.instances()}
    yield shared
    assert before <= {instance.name for instance in shared.instances()}, "a test removed what it did not add"
    for instance in shared.instances():
        if instance.name not in before:
            shared.remove(instance.name)
    shared.route({"1.0": 100})


def add_ready(system: RunningSystem, version: str, service: str = "web") -> str:
    instance = system.add(service, version)
    assert eventually(lambda: system.ready(instance.name))
    return instance.name


def named(system: RunningSystem, service: str) -> list[str]:
    return [instance.name for instance in system.instances() if instance.service == service]


def answering(system: RunningSystem, times: int = 6) -> set[str | None]:
    return {get(system.url).instance for _ in range(times)}


# ── the verbs ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_all_services_run_in_their_replicas_ready_and_routed(system: RunningSystem) -> None:
    instances = system.instances()
    assert Counter(instance.service for instance in instances) == {"web": 2, "worker": 1}
    assert all(system.ready(instance.name) for instance in instances)
    assert answering(system) == set(named(system, "web"))
    assert get(system.url).version == "1.0"


def test_an_instance_is_reached_past_the_router_too(system: RunningSystem) -> None:
    for instance in system.instances():
        if instance.service == "web":
            assert get(instance.url).instance == instance.name
        else:
            assert instance.url == ""


def test_an_added_instance_gets_nothing_until_it_is_routed(system: RunningSystem) -> None:
    old, new = set(named(system, "web")), add_ready(system, "2.0")
    another = add_ready(system, "1.0")
    assert answering(system) == old
    system.route({"1.0": 50, "2.0": 50})
    assert answering(system, 60) == {*old, new, another}
    system.route({"1.0": 0, "2.0": 100})
    assert answering(system) == {new}


def test_the_split_is_that_of_the_routers_counters(system: RunningSystem) -> None:
    add_ready(system, "2.0")
    before = Counter(system.observed_split())
    system.route({"1.0": 50, "2.0": 50})
    seen = Counter(get(system.url).version for _ in range(40))
    assert Counter(system.observed_split()) - before == seen


def test_a_change_of_version_under_continuous_requests_loses_none(system: RunningSystem) -> None:
    """Each request takes 30 ms, so there are always some in flight at whoever is removed."""
    with continuous_requests(system.url, "/work?ms=30", users=6) as answers:
        for _ in range(3):
            new = add_ready(system, "2.0")
            system.route({"1.0": 50, "2.0": 50})
            system.route({"1.0": 0, "2.0": 100})
            another = add_ready(system, "2.0")
            system.route({"2.0": 100})
            departures = [system.remove(new)]
            system.route({"1.0": 100, "2.0": 0})
            departures.append(system.remove(another))
            assert [(departure.exit_code, departure.killed) for departure in departures] == [(0, False)] * 2
    assert {answer.version for answer in answers if isinstance(answer, Answer)} == {"1.0", "2.0"}
    assert [answer for answer in answers if not (isinstance(answer, Answer) and answer.status == 200)] == []


def test_a_service_that_ignores_sigterm_is_killed_after_its_grace(system: RunningSystem) -> None:
    departure = system.remove(add_ready(system, "1.0+stubborn"))
    assert (departure.exit_code, departure.killed) == (-signal.SIGKILL, True)
    assert WEB.stop_grace_s <= departure.took_s < WEB.stop_grace_s + 1


def test_an_instance_that_does_not_start_is_there_but_never_ready(system: RunningSystem) -> None:
    broken = system.add("web", "1.0+broken")
    assert eventually(lambda: system.pid(broken.name) is None)
    assert not system.ready(broken.name)
    assert system.remove(broken.name) == Departure(exit_code=None, took_s=0.0, killed=False)


def test_what_does_not_exist_is_named(system: RunningSystem) -> None:
    with pytest.raises(HarnessError, match="no instance 'web-99'; there are web-1, web-2, worker-1"):
        system.remove("web-99")
    with pytest.raises(HarnessError, match="no service 'wbe'"):
        system.add("wbe", "1.0")
    with pytest.raises(InvalidInput, match=r"no version '3\.0'"):
        system.add("web", "3.0")


def test_an_instance_sees_none_of_the_harnesss_variables(system: RunningSystem) -> None:
    seen = json.loads(get(system.url, "/environment").body)
    given = {"VERSION", "INSTANCE", "POSTGRES_URL", "PATH", "HOME", "LANG", "ROLLPROOF_RUN", "ROLLPROOF_HARNESS"}
    assert seen.keys() - {"LC_CTYPE"} == given


# ── killing and pausing ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_killed_instance_stays_dead_until_it_is_revived_where_it_was(system: RunningSystem) -> None:
    assert isinstance(system, Killable)
    victim, survivor = named(system, "web")
    url, pid = system.instances()[0].url, system.pid(victim)
    system.kill(victim)
    assert system.pid(victim) is None
    assert victim in named(system, "web")
    assert eventually(lambda: answering(system) == {survivor})
    system.revive(victim)
    assert eventually(lambda: system.ready(victim))
    assert system.pid(victim) not in {None, pid}
    assert (system.instances()[0].url, get(url).instance) == (url, victim)
    assert eventually(lambda: answering(system) == {victim, survivor})
    system.revive(victim)  # it runs: nothing to do


def test_a_paused_instance_is_stopped_as_the_system_says_and_left_out(system: RunningSystem) -> None:
    assert isinstance(system, Pausable)
    victim, survivor = named(system, "web")
    system.pause(victim)
    assert eventually(lambda: system.paused(victim))
    assert not system.paused(survivor)
    assert eventually(lambda: answering(system, 4) == {survivor})
    system.resume(victim)
    assert eventually(lambda: not system.paused(victim))
    assert eventually(lambda: answering(system) == {victim, survivor})


def test_a_paused_instance_can_be_removed_and_its_healing_does_no_harm(system: RunningSystem) -> None:
    name = add_ready(system, "1.0")
    system.pause(name)
    departure = system.remove(name)
    assert (departure.exit_code, departure.killed) == (-signal.SIGKILL, True)
    system.resume(name)
    system.revive(name)
    assert name not in named(system, "web")


def test_a_dead_instance_is_not_paused(system: RunningSystem) -> None:
    name = add_ready(system, "1.0")
    system.kill(name)
    assert not system.paused(name)
    system.resume(name)
    assert system.pid(name) is None


# ── stores and migrations ────────────────────────────────────────────────────────────────────────────────────────


def test_a_failed_migration_ends_with_what_it_printed(system: RunningSystem) -> None:
    with pytest.raises(StepFailed, match=r"(?s)migrate.py fail \(2.0\) ended with code 1\n.*cannot be done"):
        system.migrate(("{python}", "{folder}/migrate.py", "fail"), "2.0")
    with pytest.raises(StepFailed, match="no-such-program"):
        system.migrate(("/no-such-program",), "2.0")


def migrations(system: RunningSystem) -> list[str]:
    with psycopg.connect(system.store_url("postgres")) as connection:
        rows = connection.execute("SELECT what FROM migrations ORDER BY n").fetchall()
    return [re.sub(r"postgresql://\S+", "URL", what) for (what,) in rows]


async def streams(url: str, make: str = "") -> list[str]:
    client = await nats.connect(url)
    if make:
        await client.jetstream().add_stream(name=make, subjects=[make])
    names = [stream.config.name or "" for stream in await client.jetstream().streams_info()]
    await client.close()
    return names


def test_a_system_starts_on_stores_as_its_version_wants_them_whatever_was_there() -> None:
    with workspace() as space, LocalDriver().open(ECHO, space) as site:
        for _ in range(3):  # migrated, then twice from what was kept
            with running(site, "2.0") as system:
                assert migrations(system) == ["setup URL", "expand 2.0"]
                assert asyncio.run(streams(system.store_url("nats"), make="ORDERS")) == ["ORDERS"]
                system.migrate(("{python}", "{folder}/migrate.py", "more"), "2.0")
                assert migrations(system)[-1] == "more"
        with running(site, "1.0") as system:
            assert migrations(system) == ["setup URL"]
            assert asyncio.run(streams(system.store_url("nats"))) == []


# ── starting and stopping ────────────────────────────────────────────────────────────────────────────────────────


def test_a_version_that_does_not_start_is_named_and_leaves_nothing_running() -> None:
    with workspace() as space, LocalDriver().open(ECHO, space) as site:
        with (
            pytest.raises(StartFailed, match=r"web-1 ended with code 1 while it started\n  cannot start: told to be"),
            running(site, "1.0+broken"),
        ):
            pass
        assert carrying(space.run_id, b"service.py") == []
        assert carrying(space.run_id, b"worker.py") == []
        with running(site) as system:
            assert get(system.url).status == 200


def test_a_service_that_never_gets_ready_is_named() -> None:
    deaf = Service("deaf", ("{python}", "-c", "import signal; signal.pause()  # {port}"), 1, False, ready_timeout_s=0.5)
    environment = replace(ECHO, services=(WEB, deaf), stores=(ECHO.stores[0],))
    with (
        workspace() as space,
        LocalDriver().open(environment, space) as site,
        pytest.raises(StartFailed, match=r"deaf-1 was not ready within 0.5 s"),
        running(site),
    ):
        pass


def test_a_store_that_does_not_start_is_named_with_its_last_words() -> None:
    broken = replace(ECHO.stores[0], settings={"max_connections": "many"})
    with (
        workspace() as space,
        pytest.raises(StartFailed, match=r"(?s)postgres ended .*max_connections.*many"),
        LocalDriver().open(replace(ECHO, stores=(broken,)), space),
    ):
        pass


def carrying(run_id: str, text: bytes = b"") -> list[int]:
    """Processes of a run, by the mark in their environment, with `text` in their command line."""
    pids = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                marked = f"ROLLPROOF_RUN={run_id}\0".encode() in (folder / "environ").read_bytes()
                if marked and text in (folder / "cmdline").read_bytes() and Identity.of(int(folder.name)):
                    pids.append(int(folder.name))
            except (PermissionError, FileNotFoundError, ProcessLookupError):
                continue
    return pids


HARNESS = """
import signal
from harness.drivers.local import LocalDriver
from tests.integration.echo import ECHO
from tests.integration.echo.running import workspace
with workspace() as space, LocalDriver().open(ECHO, space) as site, site.start("1.0"):
    print(space.run_id, space.scratch, flush=True)
    signal.pause()
"""


def test_a_harness_killed_in_the_middle_leaves_nothing() -> None:
    harness = subprocess.Popen([sys.executable, "-c", HARNESS], stdout=subprocess.PIPE, text=True, cwd=os.getcwd())
    assert harness.stdout is not None
    with harness:
        try:
            run_id, scratch = harness.stdout.readline().split()
            assert len(carrying(run_id)) >= 8  # keeper, router, links, postgres, nats, two web, one worker
            assert Path(scratch).exists()
        finally:
            harness.kill()
    assert eventually(lambda: carrying(run_id) == [] and not Path(scratch).exists(), 5)
    assert list(Path("/dev/shm").glob("PostgreSQL.*")) == []


# ── links ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_without_toxiproxy_links_are_direct_and_not_offered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(TOXIPROXY.variable, raising=False)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr("harness.servers.cache_folder", lambda: tmp_path)
    with workspace() as space, LocalDriver().open(ECHO, space) as site, running(site) as system:
        assert not isinstance(system, Linked)
        assert json.loads(get(system.url, "/environment").body)["POSTGRES_URL"] == system.store_url("postgres")


def test_many_requests_on_one_connection_are_served(system: RunningSystem) -> None:
    connection = connect(system.url)
    assert [ask(connection, "/work").status for _ in range(50)] == [200] * 50
    connection.close()
