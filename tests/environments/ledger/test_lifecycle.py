"""Stopping, and coming back from lost stores."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from tests.environments.ledger.observations import all_published, assert_faithful, read_model_is_right
from tests.environments.ledger.servers import World, eventually
from tests.environments.ledger.traffic import run_transfers, transfers

pytestmark = pytest.mark.servers


def disconnect(world: World) -> None:
    """End all connections that there are, and wait until they have ended."""
    world.query(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
        world.database,
    )


def monitor_has_asked(world: World) -> bool:
    """On the connection that it has now."""
    return (
        world.query(
            "SELECT FROM pg_stat_activity WHERE datname = %s AND application_name LIKE '%% monitor'"
            " AND state = 'idle' AND query LIKE '%%to_regclass%%'",
            world.database,
        )
        != []
    )


def refuse_connections(world: World, refuse: bool) -> None:
    with world.postgres.connect() as connection:
        connection.execute(f"ALTER DATABASE {world.database} ALLOW_CONNECTIONS {not refuse}".encode())
        if refuse:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (world.database,)
            )


def test_sigterm_finishes_what_is_in_flight_publishes_the_rest_and_exits_with_0(world: World) -> None:
    (service,) = world.services("1.0")
    service.open(1)
    service.open(2)
    with ThreadPoolExecutor(5) as pool:
        statements = [pool.submit(service.request, "GET", "/accounts/1/statement") for _ in range(4)]
        transfer = pool.submit(service.transfer, 1, 2)
        eventually(transfer.done, "the transfer")
        service.process.terminate()
        eventually(lambda: not service.ready, "not ready")
        assert service.account(1).status == 200, "it serves until routers know"
        assert [statement.result().status for statement in statements] == [200] * 4
    assert service.process.wait(5) == 0
    assert_faithful(world)


def test_lost_connections_cost_no_request(world: World) -> None:
    (service,) = world.services("1.0")
    for number in range(1, 9):
        service.open(number)
    with transfers([service], range(1, 9)) as traffic:
        for _ in range(3):
            disconnect(world)
            traffic.await_those_under_way()
            traffic.await_more(10)
            # Whoever connects anew now is done with it before the next loss: to lose two in a row may cost a request.
            traffic.await_those_under_way()
            eventually(lambda: monitor_has_asked(world), "the monitor's question")
    assert set(traffic.outcomes.values()) == {201}


def test_without_a_database_it_says_so_and_is_back_after_it(world: World) -> None:
    (service,) = world.services("1.0")
    service.open(1)
    service.open(2)
    refuse_connections(world, True)
    eventually(lambda: not service.ready, "not ready")
    assert service.transfer(1, 2).status == 503
    assert service.account(1).status == 503
    assert service.request("GET", "/live").status == 200

    refuse_connections(world, False)

    eventually(lambda: service.ready and service.transfer(1, 2).status == 201, "a transfer")


def test_transfers_go_on_without_a_broker_and_are_published_when_it_is_back(world: World) -> None:
    (service,) = world.services("1.0")
    (projector,) = world.projectors("1.0")
    for number in range(1, 5):
        service.open(number)
    world.nats.stop()
    traffic = run_transfers([service], range(1, 5), 40)
    assert set(traffic.outcomes.values()) == {201}
    assert service.ready
    eventually(lambda: not projector.ready, "the projector is not ready")

    world.nats.start()

    eventually(lambda: projector.ready, "the projector is ready")
    eventually(lambda: all_published(world), "all is published")
    assert_faithful(world)
    eventually(lambda: read_model_is_right(world), "the read model has it all")


def test_the_projector_survives_the_database(world: World) -> None:
    (service,) = world.services("1.0")
    (projector,) = world.projectors("1.0")
    for number in range(1, 5):
        service.open(number)
    refuse_connections(world, True)
    eventually(lambda: not projector.ready, "the projector is not ready")
    refuse_connections(world, False)
    eventually(lambda: service.ready, "the service is ready")
    run_transfers([service], range(1, 5), 10)
    eventually(lambda: read_model_is_right(world), "the read model has it all")
    assert projector.terminate() == 0


def test_a_service_that_starts_before_its_database_waits(world: World) -> None:
    refuse_connections(world, True)
    service = world.begin("service", "1.0")
    asked = count()
    live = threading.Event()
    while not live.is_set():
        assert next(asked) < 1000
        try:
            assert service.request("GET", "/ready").status == 503
        except ConnectionRefusedError:
            live.wait(0.02)
        else:
            live.set()
    refuse_connections(world, False)
    eventually(lambda: service.ready, "ready", within_s=1.5)
