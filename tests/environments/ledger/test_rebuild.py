"""A read model that is built anew beside the one that serves, switched with it, and switched back."""

from __future__ import annotations

import psycopg
import pytest
from ledger import rebuild

from tests.environments.ledger.servers import World, eventually
from tests.environments.ledger.traffic import transfers

pytestmark = pytest.mark.servers

ROWS = "SELECT account, value, position FROM {}.balances ORDER BY 1"
FILLED = "SELECT coalesce(sum(position), 0) FROM {}.balances"
STORED = "SELECT count(*) FROM ledger_events"


def migrate(world: World, phase: str) -> None:
    world.migrate(phase, "2.0", LEDGER_VARIANT="rebuilds")


def complete(world: World, schema: str) -> bool:
    return world.number(FILLED.format(schema)) == world.number(STORED)


def test_both_read_models_are_kept_complete_whichever_serves(world: World) -> None:
    (service,) = world.services("1.1")
    world.projectors("1.1")
    for number in (1, 2, 3):
        service.open(number)
    eventually(lambda: complete(world, "public"), "the old read model")
    migrate(world, "expand")
    world.projectors("2.0+rebuilds")
    eventually(lambda: complete(world, "rebuilt"), "the new one, from the first event on")
    assert world.query(ROWS.format("rebuilt")) == world.query(ROWS.format("public"))
    with transfers([service], [1, 2, 3]) as traffic:
        for phase, other in (("switch", "kept"), ("switch_back", "rebuilt")):
            traffic.await_more(10)
            migrate(world, phase)
            assert world.query("SELECT to_regclass(%s) IS NOT NULL", f"{other}.balances") == [(True,)]
            traffic.await_more(10)
    eventually(lambda: complete(world, "public") and complete(world, "rebuilt"), "both are complete")
    assert world.query(ROWS.format("rebuilt")) == world.query(ROWS.format("public"))
    migrate(world, "back")
    assert world.query("SELECT to_regclass('rebuilt.balances'), to_regclass('kept.balances')") == [(None, None)]


def test_one_that_is_behind_does_not_serve(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuild, "ATTEMPTS_MAX", 2)
    migrate(world, "expand")
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        connection.execute("INSERT INTO balances (account, value, position) VALUES ('1', 5, 2)")
        connection.execute("INSERT INTO rebuilt.balances (account, value, position) VALUES ('1', 3, 1)")
        with pytest.raises(TimeoutError, match=r"rebuilt\.balances was behind"):
            rebuild.switch(connection)
        connection.execute("UPDATE rebuilt.balances SET value = 5, position = 2")
        rebuild.switch(connection)
        assert connection.execute("SELECT to_regclass('kept.balances') IS NOT NULL").fetchone() == (True,)


def test_what_was_not_switched_is_not_switched_back(world: World) -> None:
    migrate(world, "expand")
    migrate(world, "switch_back")
    assert world.query("SELECT to_regclass('rebuilt.balances') IS NOT NULL") == [(True,)]
    migrate(world, "contract")
    assert world.query("SELECT to_regclass('rebuilt.balances')") == [(None,)]
