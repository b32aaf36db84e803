"""How long each lane is out, where all are asked a hundred times a second: through the router, and past it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.checkers.disruption import Disruption
from harness.environment import Operation, Version
from harness.faults.process import Kill
from harness.pytest_plugin import Harness
from harness.scenario import Arrivals, Change, Direct, Load, Scenario, ScheduledFault, Window
from harness.strategies.rolling import Rolling
from harness.verdict import Status
from tests.integration.echo import STORELESS

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
    directly = {f"direct {lane} web-{number}" for lane in ("kept", "new") for number in range(1, 5)}
    assert rates.keys() == {f"requests_per_s {lane}" for lane in (*ROUTED, *directly)}


def test_an_instance_that_dies_is_out_for_who_asks_it_and_no_other_is(harness: Harness) -> None:
    killed = ScheduledFault("kill", Kill("web-1"), Window(2.0, at_s=0.3))
    [verdict] = harness.run(replace(SCENARIO, name="every-lane-killed", faults=(killed,), settle_s=3.0)).verdicts
    assert verdict.status is Status.FAIL, verdict.reason
    out = {str(record[0]) for record in verdict.evidence[0].records}
    assert {lane for lane in out if lane.startswith("direct")} == {"direct kept web-1", "direct new web-1"}
