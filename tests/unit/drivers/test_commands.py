from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.drivers.commands import instance_command, listens, migration_command
from harness.environment import Environment, Service, Version
from harness.errors import InvalidInput

WEB = Service(
    "web",
    command=("{python}", "-m", "web", "--port={port}"),
    replicas=1,
    routed=True,
    variables={"DSN": "{db.url}", "NAME": "{instance}", "SCHEMA": "1"},
    links=("db",),
)
WORKER = Service("worker", command=("{folder}/worker",), replicas=1, routed=False)
SHOP = Environment("shop", Path("/shop"), (), (WEB, WORKER), (Version("1.0"),))
V2 = Version("2.0+slow", variables={"SCHEMA": "2", "SELF": "{version}"})
URLS = {"db": "postgresql://127.0.0.1:1/app"}


def test_an_instance_is_told_who_it_is_and_where_its_stores_are() -> None:
    command = instance_command(SHOP, WEB, V2, name="web-3", port=8080, urls=URLS, log=Path("/logs/web-3.log"))
    assert command.argv == (sys.executable, "-m", "web", "--port=8080")
    assert command.variables == {
        "DSN": "postgresql://127.0.0.1:1/app",
        "NAME": "web-3",
        "SCHEMA": "2",  # the version's wins
        "SELF": "2.0+slow",
    }
    assert (command.name, command.folder, command.log) == ("web-3", Path("/shop"), Path("/logs/web-3.log"))


def test_a_migration_gets_what_the_routed_service_gets() -> None:
    command = migration_command(
        SHOP, ("{python}", "migrate.py", "{version}"), V2, name="migration-1", urls=URLS, log=Path("/logs/m.log")
    )
    assert command.argv == (sys.executable, "migrate.py", "2.0+slow")
    assert command.variables["DSN"] == URLS["db"]
    assert command.variables["SCHEMA"] == "2"


def test_a_service_listens_if_it_is_given_a_port() -> None:
    assert listens(WEB, V2)
    assert not listens(WORKER, V2)
    assert listens(WORKER, Version("3.0", variables={"METRICS": "127.0.0.1:{port}"}))


def test_an_unknown_placeholder_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"unknown placeholder \{db.url\}"):
        instance_command(SHOP, WEB, V2, name="web-1", port=1, urls={}, log=Path("/x"))
