"""Each defect misbehaves as its name says, where the healthy release does not."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.client import HTTPException

import pytest

from tests.environments.ledger.observations import (
    all_published,
    assert_faithful,
    published,
    read_model_is_right,
)
from tests.environments.ledger.servers import Instance, World, eventually
from tests.environments.ledger.traffic import run_transfers, transfers

pytestmark = pytest.mark.servers

DONE = """
    SELECT DISTINCT (convert_from(state, 'UTF8')::jsonb ->> 'key')::bigint FROM ledger_events
    WHERE topic = 'ledger.debited'
"""


def open_accounts(instance: Instance, numbers: Iterable[int]) -> None:
    for number in numbers:
        assert instance.open(number).status == 201


def wait(seconds: float) -> None:
    """For what must not happen within a time."""
    threading.Event().wait(seconds)


def test_ack_before_commit_loses_what_was_acknowledged(world: World) -> None:
    healthy, behind = world.services("1.0", "1.0+ack-before-commit")
    open_accounts(healthy, range(1, 9))
    for instance, loses in ((healthy, False), (behind, True)):
        traffic = run_transfers([instance], range(1, 9), 60)
        instance.kill()
        stored = {key for (key,) in world.query(DONE)}
        assert bool(set(traffic.done) - stored) is loses


def test_drops_in_flight_breaks_off_its_answers(world: World) -> None:
    healthy, hasty = world.services("1.0", "1.0+drops-in-flight")
    open_accounts(healthy, [1])
    for instance, answered in ((healthy, 200), (hasty, None)):
        before = instance.request("GET", "/metrics").body
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(statement_status, instance)
            eventually(partial(has_new_metrics, instance, before), "the statement is in flight")
            assert instance.terminate() == 0
            assert asked.result() == answered


def statement_status(instance: Instance) -> int | None:
    """None if the answer broke off."""
    try:
        return instance.request("GET", "/accounts/1/statement").status
    except (OSError, HTTPException):
        return None


def has_new_metrics(instance: Instance, before: bytes) -> bool:
    return instance.request("GET", "/metrics").body != before


def test_ready_too_early_cannot_serve_yet(world: World) -> None:
    healthy, early = world.begin("service", "1.0"), world.begin("service", "1.0+ready-too-early")
    for instance, status in ((early, 503), (healthy, 201)):
        eventually(partial(ready, instance), "ready")
        assert instance.open(instance.port).status == status


def ready(instance: Instance) -> bool:
    try:
        return instance.ready
    except HTTPException:
        return False


def test_ignores_idempotency_key_has_the_effect_again(world: World) -> None:
    healthy, forgetful = world.services("1.0", "1.0+ignores-idempotency-key")
    open_accounts(healthy, [1, 2])
    for instance, effects in ((healthy, 1), (forgetful, 2)):
        before = instance.account(1).json["version"]
        statuses = [instance.transfer(1, 2, 5, key=instance.port).status for _ in range(2)]
        assert statuses == [201, 201]
        assert instance.account(1).json["version"] - before == effects


def test_no_upcaster_cannot_read_what_1_x_wrote(world: World) -> None:
    world.migrate("expand", "2.0")
    old, healthy, without = world.services("1.0", "2.0", "2.0+no-upcaster")
    open_accounts(old, [1, 2])
    assert healthy.account(1).status == 200
    assert without.account(1).status == 500
    assert without.transfer(1, 2).status == 500


def test_unreadable_after_rollback_is_unreadable_for_1_x_only(world: World) -> None:
    world.migrate("expand", "2.0")
    old, between, healthy, defective = world.services("1.0", "1.1", "2.0", "2.0+unreadable-after-rollback")
    open_accounts(healthy, [1, 2])
    assert healthy.transfer(1, 2).status == 201
    open_accounts(defective, [3, 4])
    assert defective.transfer(3, 4).status == 201
    assert defective.account(1).json["balance"] == 9_999
    assert defective.account(3).json["balance"] == 9_999
    assert [instance.account(1).status for instance in (old, between)] == [200, 200]
    assert [instance.account(3).status for instance in (old, between)] == [500, 500]


@pytest.mark.parametrize("defect", ["", "+checkpoint-before-apply", "+applies-twice"])
def test_projectors_that_do_not_apply_exactly_once_are_wrong_after_a_restart(world: World, defect: str) -> None:
    (service,) = world.services("1.0")
    (projector,) = world.projectors(f"1.0{defect}")
    open_accounts(service, range(1, 13))
    with transfers([service], range(1, 13), rate_per_s=120) as traffic:
        traffic.await_more(80)
        projector.kill()
        world.projectors(projector.version)
    counted = "SELECT sum(position) FROM balances"
    eventually(lambda: world.number(counted) == world.number("SELECT count(*) FROM ledger_events"), "all is counted in")
    if defect:
        wait(1.0)
    assert read_model_is_right(world) is not bool(defect)


def test_reorders_stream_publishes_debits_late(world: World) -> None:
    (first,) = world.services("1.0+reorders-stream")
    open_accounts(first, range(1, 5))
    run_transfers([first], range(1, 5), 60)
    eventually(lambda: all_published(world), "all is published")
    disordered = [list(positions) for positions in published(world).values() if list(positions) != sorted(positions)]
    assert disordered
    assert sum(map(len, published(world).values())) == world.number("SELECT count(*) FROM ledger_events")


def test_skips_late_commit_never_publishes_some_events(world: World) -> None:
    (first,) = world.services("1.0+skips-late-commit")
    open_accounts(first, range(1, 9))
    run_transfers([first], range(1, 9), 120)
    stored = world.number("SELECT count(*) FROM ledger_events")
    seen: list[int] = []

    def no_more_comes() -> bool:
        seen.append(sum(map(len, published(world).values())))
        wait(0.3)
        return seen[-2:] == [seen[-1]] * 2

    eventually(no_more_comes, "publishing comes to rest")
    assert seen[-1] < stored


def test_slow_commits_are_published_by_a_healthy_relay(world: World) -> None:
    (healthy,) = world.services("1.0")
    eventually(healthy.leads, "the healthy instance publishes")
    (screening,) = world.services("1.0+skips-late-commit")
    open_accounts(screening, range(1, 9))
    run_transfers([screening], range(1, 9), 40)
    eventually(lambda: all_published(world), "all is published")
    assert_faithful(world)


def test_errors_and_slowness_are_a_few_percent(world: World) -> None:
    healthy, failing, slow = world.services("1.0", "1.0+errors-3-percent", "1.0+slow-p99")
    open_accounts(healthy, [1])
    for instance, errors, slow_ones in ((healthy, 0, 0), (failing, 6, 0), (slow, 0, 10)):
        took = [timed(instance) for _ in range(200)]
        assert sum(status == 500 for status, _ in took) == errors
        assert sum(seconds > 0.3 for _, seconds in took) == pytest.approx(slow_ones, abs=1)


def timed(instance: Instance) -> tuple[int, float]:
    began = time.monotonic()
    status = instance.account(1).status
    return status, time.monotonic() - began


def test_pool_never_recovers_from_lost_connections(world: World) -> None:
    healthy, stubborn = world.services("1.0", "1.0+pool-never-recovers")
    open_accounts(healthy, [1])
    assert {stubborn.account(1).status for _ in range(10)} == {200}
    world.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
        world.database,
    )
    eventually(lambda: healthy.ready and stubborn.ready, "both say that they are ready")
    assert {healthy.account(1).status for _ in range(10)} == {200}
    with ThreadPoolExecutor(10) as pool:
        statuses = list(pool.map(lambda _: stubborn.account(1).status, range(30)))
    assert statuses.count(503) > 0
    assert [stubborn.account(1).status for _ in range(10)] == [503] * 10


def test_locking_migration_holds_everyone_up(world: World) -> None:
    (service,) = world.services("1.0")
    open_accounts(service, [1, 2])
    for variants, held_up in (("", False), ("locking-migration", True)):
        with transfers([service], [1, 2]) as traffic:
            traffic.await_more(10)
            world.migrate("expand", "2.0", LEDGER_VARIANT=variants)
        assert (503 in traffic.outcomes.values()) is held_up


def test_stale_cache_shows_accounts_going_back_in_time(world: World) -> None:
    writer, healthy, stale = world.services("1.1", "1.0", "1.0+stale-cache")
    open_accounts(writer, [1, 2])
    for reader, goes_back in ((healthy, False), (stale, True)):
        seen = []
        for turn in range(30):
            assert writer.transfer(1, 2).status == 201
            seen.append((writer, reader)[turn % 2].account(1).position)
        assert (seen != sorted(seen)) is goes_back


def test_defects_can_be_switched_on_together(world: World) -> None:
    (service,) = world.services("1.0+errors-3-percent+stale-cache")
    open_accounts(service, [1, 2])
    positions: Sequence[int] = []
    statuses = []
    for _ in range(40):
        service.transfer(1, 2)
        reply = service.account(1)
        statuses.append(reply.status)
        positions = [*positions, *([reply.position] if reply.status == 200 else [])]
    assert 500 in statuses
    assert len(set(positions)) < len(positions) / 2, "shown from the cache"
