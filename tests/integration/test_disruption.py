"""How long each lane is out, where all are asked a hundred times a second: through the router, and past it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.checkers.disruption import Disruption
from harness.environment import Operation
from harness.faults.process import Pause
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
ROUTED = tuple(f"{connection} {what}" for connection in ("kept", "new") for what in ("long", "reads", "writes"))
SCENARIO = Scenario(
    name="every-lane",
    environment=replace(STORELESS, operations=OPERATIONS, smoke_paths=("/work",)),
    change=Change("1.0", "2.0"),
    strategy=Rolling(watch_s=0.5, gate=None),
    load=Load(Path(__file__).with_name("lanes_locustfile.py"), "EveryLane", 780.0, Arrivals.UNIFORM, users=150),
    checkers=(Disruption(outage_s_max=0.5),),
    direct=Direct(),
    settle_s=1.0,
)


def test_no_lane_is_out_while_versions_change(harness: Harness) -> None:
    [verdict] = harness.run(SCENARIO).verdicts
    assert verdict.status is Status.PASS, f"{verdict.reason} {dict(verdict.figures)}"
    rates = {name: rate for name, rate in verdict.figures.items() if name.startswith("requests_per_s ")}
    directly = {f"direct {lane} web-{number}" for lane in ("kept", "new") for number in range(1, 5)}
    assert rates.keys() == {f"requests_per_s {lane}" for lane in (*ROUTED, *directly)}


def test_an_instance_that_hangs_is_found_to_the_hundredth_of_a_second_by_who_asks_it(harness: Harness) -> None:
    """Its lanes are out as long as it is."""
    paused = ScheduledFault("pause", Pause("web-1"), Window(1.0, at_s=0.3))
    [verdict] = harness.run(replace(SCENARIO, name="every-lane-paused", faults=(paused,), settle_s=2.0)).verdicts
    assert verdict.status is Status.FAIL
    out = {record[0]: record for record in verdict.evidence[0].records}
    assert {"direct kept web-1", "direct new web-1"} <= out.keys()
    assert not any(lane.startswith("direct") and not lane.endswith("web-1") for lane in map(str, out))
