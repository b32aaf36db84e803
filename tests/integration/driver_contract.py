"""What every driver must do, shown with all the real servers and a service of the standard library."""

from __future__ import annotations

import asyncio
import re
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import ClassVar, Protocol

import nats
import psycopg
import pytest

from harness.drivers.site import RunningSite
from harness.drivers.system import RunningSystem
from harness.environment import Environment, Service
from harness.errors import HarnessError, InvalidInput, StartFailed, StepFailed
from harness.protocols import Departure, Killable, Pausable, Workspace
from tests.integration.echo import ECHO, WEB
from tests.integration.echo.running import Answer, ask, connect, continuous_requests, eventually, get, workspace


class OpensSites(Protocol):
    def open(self, environment: Environment, workspace: Workspace) -> AbstractContextManager[RunningSite]: ...


@contextmanager
def running(site: RunningSite, version: str = "1.0") -> Iterator[RunningSystem]:
    with site.start(version) as system:
        yield system


def add_ready(system: RunningSystem, version: str, service: str = "web") -> str:
    instance = system.add(service, version)
    assert eventually(lambda: system.ready(instance.name))
    return instance.name


def named(system: RunningSystem, service: str) -> list[str]:
    return [instance.name for instance in system.instances() if instance.service == service]


def answering(system: RunningSystem, times: int = 6) -> set[str | None]:
    return {get(system.url).instance for _ in range(times)}


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


class DriverContract:
    """Base of a test class of a driver, which says which: `driver`."""

    driver: ClassVar[type[OpensSites]]
    kill_s_max: ClassVar[float] = 1.0
    """How long it may take until one that was killed is known to be gone."""

    @pytest.fixture(scope="class")
    @classmethod
    def site(cls) -> Iterator[RunningSite]:
        with workspace() as space, cls.driver().open(ECHO, space) as site:
            yield site

    @pytest.fixture(scope="class")
    @classmethod
    def shared(cls, site: RunningSite) -> Iterator[RunningSystem]:
        with site.start("1.0") as system:
            yield system

    @pytest.fixture
    def system(self, shared: RunningSystem) -> Iterator[RunningSystem]:
        """Two instances of 1.0 and a worker, all traffic on 1.0; whatever a test adds is removed again."""
        before = {instance.name for instance in shared.instances()}
        yield shared
        assert before <= {instance.name for instance in shared.instances()}, "a test removed what it did not add"
        for instance in shared.instances():
            if instance.name not in before:
                shared.remove(instance.name)
        shared.route({"1.0": 100})

    # ── the verbs ────────────────────────────────────────────────────────────────────────────────────────────────────

    def test_all_services_run_in_their_replicas_ready_and_routed(self, system: RunningSystem) -> None:
        instances = system.instances()
        assert Counter(instance.service for instance in instances) == {"web": 2, "worker": 1}
        assert all(system.ready(instance.name) for instance in instances)
        assert answering(system) == set(named(system, "web"))
        assert get(system.url).version == "1.0"

    def test_an_instance_is_reached_past_the_router_too(self, system: RunningSystem) -> None:
        for instance in system.instances():
            if instance.service == "web":
                assert get(instance.url).instance == instance.name
            else:
                assert instance.url == ""

    def test_an_added_instance_gets_nothing_until_it_is_routed(self, system: RunningSystem) -> None:
        old, new = set(named(system, "web")), add_ready(system, "2.0")
        another = add_ready(system, "1.0")
        assert answering(system) == old
        system.route({"1.0": 50, "2.0": 50})
        assert answering(system, 60) == {*old, new, another}
        system.route({"1.0": 0, "2.0": 100})
        assert answering(system) == {new}

    def test_the_split_is_that_of_the_routers_counters(self, system: RunningSystem) -> None:
        add_ready(system, "2.0")
        before = Counter(system.observed_split())
        system.route({"1.0": 50, "2.0": 50})
        seen = Counter(get(system.url).version for _ in range(40))
        assert Counter(system.observed_split()) - before == seen

    def test_a_change_of_version_under_continuous_requests_loses_none(self, system: RunningSystem) -> None:
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

    def test_a_service_that_ignores_sigterm_is_killed_after_its_grace(self, system: RunningSystem) -> None:
        departure = system.remove(add_ready(system, "1.0+stubborn"))
        assert (departure.exit_code, departure.killed) == (-signal.SIGKILL, True)
        assert WEB.stop_grace_s <= departure.took_s < WEB.stop_grace_s + self.kill_s_max

    def test_an_instance_that_does_not_start_is_there_but_never_ready(self, system: RunningSystem) -> None:
        broken = system.add("web", "1.0+broken")
        assert eventually(lambda: system.pid(broken.name) is None)
        assert not system.ready(broken.name)
        assert system.remove(broken.name) == Departure(exit_code=None, took_s=0.0, killed=False)

    def test_what_does_not_exist_is_named(self, system: RunningSystem) -> None:
        with pytest.raises(HarnessError, match="no instance 'web-99'; there are web-1, web-2, worker-1"):
            system.remove("web-99")
        with pytest.raises(HarnessError, match="no service 'wbe'"):
            system.add("wbe", "1.0")
        with pytest.raises(InvalidInput, match=r"no version '3\.0'"):
            system.add("web", "3.0")

    def test_many_requests_on_one_connection_are_served(self, system: RunningSystem) -> None:
        connection = connect(system.url)
        assert [ask(connection, "/work").status for _ in range(50)] == [200] * 50
        connection.close()

    # ── killing and pausing ──────────────────────────────────────────────────────────────────────────────────────────

    def test_a_killed_instance_stays_dead_until_it_is_revived_where_it_was(self, system: RunningSystem) -> None:
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

    def test_a_paused_instance_is_stopped_as_the_system_says_and_left_out(self, system: RunningSystem) -> None:
        assert isinstance(system, Pausable)
        victim, survivor = named(system, "web")
        system.pause(victim)
        assert eventually(lambda: system.paused(victim))
        assert not system.paused(survivor)
        assert eventually(lambda: answering(system, 4) == {survivor})
        system.resume(victim)
        assert eventually(lambda: not system.paused(victim))
        assert eventually(lambda: answering(system) == {victim, survivor})

    def test_a_paused_instance_can_be_removed_and_its_healing_does_no_harm(self, system: RunningSystem) -> None:
        name = add_ready(system, "1.0")
        system.pause(name)
        departure = system.remove(name)
        assert (departure.exit_code, departure.killed) == (-signal.SIGKILL, True)
        system.resume(name)
        system.revive(name)
        assert name not in named(system, "web")

    def test_a_dead_instance_is_not_paused(self, system: RunningSystem) -> None:
        name = add_ready(system, "1.0")
        system.kill(name)
        assert not system.paused(name)
        system.resume(name)
        assert system.pid(name) is None

    # ── stores and migrations ────────────────────────────────────────────────────────────────────────────────────────

    def test_a_failed_migration_ends_with_what_it_printed(self, system: RunningSystem) -> None:
        with pytest.raises(StepFailed, match=r"(?s)migrate.py fail \(2.0\) ended with code 1\n.*cannot be done"):
            system.migrate(("{python}", "{folder}/migrate.py", "fail"), "2.0")
        with pytest.raises(StepFailed, match="no-such-program"):
            system.migrate(("/no-such-program",), "2.0")

    def test_a_system_starts_on_stores_as_its_version_wants_them_whatever_was_there(self) -> None:
        with workspace() as space, self.driver().open(ECHO, space) as site:
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

    def test_a_version_that_does_not_start_is_named(self) -> None:
        with workspace() as space, self.driver().open(ECHO, space) as site:
            with (
                pytest.raises(
                    StartFailed, match=r"web-1 ended with code 1 while it started\n  cannot start: told to be"
                ),
                running(site, "1.0+broken"),
            ):
                pass
            with running(site) as system:
                assert get(system.url).status == 200

    def test_a_service_that_never_gets_ready_is_named(self) -> None:
        silence = ("{python}", "-c", "import signal; signal.pause()  # {port}")
        deaf = Service("deaf", silence, 1, False, ready_timeout_s=0.5)
        environment = replace(ECHO, services=(WEB, deaf), stores=(ECHO.stores[0],))
        with (
            workspace() as space,
            self.driver().open(environment, space) as site,
            pytest.raises(StartFailed, match=r"deaf-1 was not ready within 0.5 s"),
            running(site),
        ):
            pass

    def test_a_store_that_does_not_start_is_named_with_its_last_words(self) -> None:
        broken = replace(ECHO.stores[0], settings={"max_connections": "many"})
        with (
            workspace() as space,
            pytest.raises(StartFailed, match=r"(?s)postgres ended .*max_connections.*many"),
            self.driver().open(replace(ECHO, stores=(broken,)), space),
        ):
            pass
