"""How long each lane is out, where all are asked a hundred times a second: through the router, and past it."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from harness.checkers.disruption import Disruption
from harness.environment import Operation, Version
from harness.faults.process import Kill
from harness.history import History
from harness.pytest_plugin import Harness
from harness.scenario import Arrivals, Change, Direct, DirectWrite, Load, Scenario, ScheduledFault, Window
from harness.scenario_file import read_scenario
from harness.strategies.rolling import Rolling
from harness.verdict import Status
from tests.integration.echo import STORELESS
from tests.integration.matrix import ROOT

pytestmark = pytest.mark.servers

OPERATIONS = (
    Operation("read", writes=False),
    Operation("write", writes=True),
    Operation("download", writes=False, lasting=True),
)
LEAN = replace(STORELESS.routed, command=("{python}", "-I", "-S", "{folder}/lean.py", "{host}", "{port}"))
ENVIRONMENT = replace(
    STORELESS,
    services=(LEAN,),
    versions=(Version("1.0"), Version("2.0")),
    operations=OPERATIONS,
    smoke_paths=("/work",),
)
ROUTED = tuple(f"{connection} {what}" for connection in ("kept", "new") for what in ("long", "reads", "writes"))
SCENARIO = Scenario(
    name="every-lane",
    environment=ENVIRONMENT,
    change=Change("1.0", "2.0"),
    strategy=Rolling(watch_s=0.5, gate=None),
    load=Load(Path(__file__).with_name("lanes_locustfile.py"), "EveryLane", 780.0, Arrivals.UNIFORM, users=150),
    checkers=(Disruption(outage_s_max=1.0),),
    direct=Direct(),
    settle_s=1.0,
)


def test_no_lane_is_out_while_versions_change(harness: Harness) -> None:
    [verdict] = harness.run(SCENARIO).verdicts
    assert verdict.status is Status.PASS, f"{verdict.reason} {dict(verdict.figures)}"
    rates = {name: rate for name, rate in verdict.figures.items() if name.startswith("requests_per_s ")}
    directly = {f"direct {lane} reads web-{number}" for lane in ("kept", "new") for number in range(1, 5)}
    assert rates.keys() == {f"requests_per_s {lane}" for lane in (*ROUTED, *directly)}


def test_an_instance_that_dies_is_out_for_who_asks_it_and_no_other_is(harness: Harness) -> None:
    killed = ScheduledFault("kill", Kill("web-1"), Window(2.0, at_s=0.3))
    [verdict] = harness.run(replace(SCENARIO, name="every-lane-killed", faults=(killed,), settle_s=3.0)).verdicts
    assert verdict.status is Status.FAIL, verdict.reason
    out = {str(record[0]) for record in verdict.evidence[0].records}
    assert {lane for lane in out if lane.startswith("direct")} == {"direct kept reads web-1", "direct new reads web-1"}


def test_each_instance_is_written_to_as_often_as_it_is_read(harness: Harness) -> None:
    pair = replace(ENVIRONMENT, services=(replace(LEAN, replicas=2),))
    written = replace(SCENARIO, name="written", environment=pair, direct=Direct(write=DirectWrite("/work")))
    [verdict] = harness.run(written).verdicts
    assert verdict.status is Status.PASS, f"{verdict.reason} {dict(verdict.figures)}"
    rates = {name for name in verdict.figures if name.startswith("requests_per_s direct ")}
    lanes = product(("kept", "new"), ("reads", "writes"), range(1, 5))
    assert rates == {f"requests_per_s direct {kind} {what} web-{number}" for kind, what, number in lanes}


def test_a_write_that_the_ledger_refuses_takes_its_whole_way_and_leaves_no_event(harness: Harness) -> None:
    """The one that docs/disruption.md shows: the ledger stores the refusal, and no event."""
    write = DirectWrite(
        "/transfers",
        headers={"content-type": "application/json", "idempotency-key": "{key}"},
        body='{"from": 1, "to": 2, "amount": 1000000000000}',
    )
    rolling = read_scenario(ROOT / "scenarios" / "rolling.toml")
    checkers = (*rolling.checkers, Disruption(outage_s_max=10.0, rate_per_s_min=0.1))  # so few requests tell no more
    result = harness.run(replace(rolling, checkers=checkers, direct=Direct(5.0, write=write)))
    assert result.passed
    with History.load(result.folder / "history") as history:
        answers = history.query("SELECT DISTINCT operation, status FROM direct WHERE status IS NOT NULL ORDER BY ALL")
        assert answers == [("GET /ready", 200), ("POST /transfers", 409)]
