"""environment.toml says what is so."""

from __future__ import annotations

from importlib import import_module

import pytest
from ledger.domain import domain_of

from harness.environment_file import read_environment
from tests.environments.ledger.servers import FOLDER, World, eventually

ENVIRONMENT = read_environment(FOLDER)
IN_CODE = [variant.name for variant in ENVIRONMENT.variants if not variant.overlays]


@pytest.mark.parametrize("version", [version.name for version in ENVIRONMENT.versions])
def test_each_version_is_a_release(version: str) -> None:
    assert domain_of(version).opened.TOPIC == "ledger.opened"


@pytest.mark.parametrize("variant", IN_CODE)
def test_each_variant_is_a_code_path_of_some_process(variant: str) -> None:
    module = import_module(f"ledger.defects.{variant.replace('-', '_')}")
    assert {"service", "projector", "migrations"} & vars(module).keys()


def test_each_defect_is_a_variant() -> None:
    modules = {file.stem.replace("_", "-") for file in (FOLDER / "ledger" / "defects").glob("[!_]*.py")}
    assert modules == set(IN_CODE)


@pytest.mark.servers
def test_its_queries_tell_events_and_read_model_in_sql_alone(world: World) -> None:
    events, projection = ENVIRONMENT.events, ENVIRONMENT.projection
    assert events is not None
    assert projection is not None
    assert (world.number(events.head), world.number(projection.head)) == (0, 0)
    world.migrate("expand", "2.0")
    old, new = world.services("1.0", "2.0+unreadable-after-rollback")
    old.open(1, 100, key=11)
    new.open(2, 50, key=12)
    new.transfer(2, 1, 20, key=13)

    rows = sorted(world.query(events.query))

    assert [row[:5] for row in rows] == [
        ("1", 1, 11, "ledger.opened", 100),
        ("1", 2, 13, "ledger.credited", 20),
        ("2", 1, 12, "ledger.opened", 50),
        ("2", 2, 13, "ledger.debited", -20),
    ]
    assert max(row[5] for row in rows) == world.number(events.head)
    assert world.number(projection.head) == 0, "nothing is counted in yet"

    world.projectors("2.0+unreadable-after-rollback")

    head = world.number(events.head)
    eventually(lambda: world.number(projection.head) == head, "the read model is complete")
    assert sorted(world.query(projection.query)) == [("1", 120, 2), ("2", 30, 2)]
