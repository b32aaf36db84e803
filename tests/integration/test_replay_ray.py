"""The same verdict on a cluster of Ray: two workers on this machine, gone when it is over."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from harness.replay.engines import Local, Ray
from harness.replay.plan import Plan
from harness.replay.replaying import replay
from harness.waiting import until
from tests.unit.replay.running import LIMITS, paid, recording, version

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]
pytest.importorskip("ray", reason="the ray extra is not installed")


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray's own warnings about what it finds in its environment are not ours."""
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")


@pytest.mark.filterwarnings("ignore")
def test_two_workers_of_ray_give_the_verdict_of_one_process_and_leave_nothing(tmp_path: Path) -> None:
    events = [paid(f"s{number:02}", position) for number in range(20) for position in (1, 2, 3)]
    events += [paid("t", 1, "null"), paid("u", 1, 500, type="refunded")]
    plan = Plan(versions=(version("shop:healthy"), version("shop:wrong_above_100")), limits=LIMITS)
    source = recording(tmp_path, events)
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    assert replay(plan, source, Ray("local", workers=2)) == replay(plan, source, Local())
    assert until(lambda: {child.pid for child in psutil.Process().children(recursive=True)} <= before, 60)
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
