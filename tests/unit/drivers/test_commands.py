from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.drivers.commands import instance_part, listens, migration_part
from harness.drivers.processes import LocalRuntime
from harness.drivers.runtime import Address, Place
from harness.environment import Environment, Service, Version
from harness.errors import InvalidInput
from harness.protocols import Command, Process, Workspace

WEB = Service(
    "web",
    command=("{python}", "-m", "web", "--port={port}"),
    replicas=1,
    routed=True,
    variables={"DSN": "{db.url}", "HOST": "{host}", "NAME": "{instance}", "SCHEMA": "1"},
    links=("db",),
)
WORKER = Service("worker", command=("{folder}/worker",), replicas=1, routed=False)
SHOP = Environment("shop", Path("/shop"), (), (WEB, WORKER), (Version("1.0"),))
V2 = Version("2.0+slow", variables={"SCHEMA": "2", "SELF": "{version}"})
HERE = Address("127.0.0.1", 8080)
URLS = {"db": "postgresql://127.0.0.1:1/app"}


class NothingStarts:
    def spawn(self, command: Command) -> Process:
        raise AssertionError(command)


@pytest.fixture
def runtime(tmp_path: Path) -> LocalRuntime:
    return LocalRuntime(Workspace("test", tmp_path, tmp_path, NothingStarts(), seed=1))


def test_an_instance_is_told_who_it_is_and_where_its_stores_are(runtime: LocalRuntime) -> None:
    places = (Place(HERE, HERE, HERE),)
    part = instance_part(SHOP, WEB, V2, runtime, name="web-3", places=places, urls=URLS, log=Path("/logs/web-3.log"))
    assert part.argv == (sys.executable, "-m", "web", "--port=8080")
    assert part.variables == {
        "DSN": "postgresql://127.0.0.1:1/app",
        "HOST": "127.0.0.1",
        "NAME": "web-3",
        "SCHEMA": "2",  # the version's wins
        "SELF": "2.0+slow",
    }
    assert (part.name, part.folder, part.log) == ("web-3", "/shop", Path("/logs/web-3.log"))


def test_a_migration_gets_what_the_routed_service_gets(runtime: LocalRuntime) -> None:
    part = migration_part(
        SHOP, ("{python}", "migrate.py", "{version}"), V2, runtime, name="m-1", urls=URLS, log=Path("/logs/m.log")
    )
    assert part.argv == (sys.executable, "migrate.py", "2.0+slow")
    assert part.variables["DSN"] == URLS["db"]
    assert part.variables["SCHEMA"] == "2"
    assert [f"//{address}" in URLS["db"] for address in part.awaits] == [True]


def test_a_service_listens_if_it_is_given_a_port() -> None:
    assert listens(WEB, V2)
    assert not listens(WORKER, V2)
    assert listens(WORKER, Version("3.0", variables={"METRICS": "127.0.0.1:{port}"}))


def test_an_unknown_placeholder_is_refused(runtime: LocalRuntime) -> None:
    with pytest.raises(InvalidInput, match=r"unknown placeholder \{db.url\}"):
        instance_part(SHOP, WEB, V2, runtime, name="web-1", places=(), urls={}, log=Path("/x"))
