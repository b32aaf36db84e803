"""The same verdict on a cluster of Ray: two workers on this machine, gone when it is over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from harness.replay.engines import Local, Ray
from harness.replay.plan import Plan
from harness.replay.replaying import replay
from harness.waiting import until
from tests.integration.ray_cluster import ray_cluster
from tests.unit.replay.running import CODE, LIMITS, paid, recording, version

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]
pytest.importorskip("ray", reason="the ray extra is not installed")

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray's own warnings about what it finds in its environment are not ours."""
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")


@pytest.fixture
def cluster() -> Iterator[str]:
    with ray_cluster(2) as address:
        yield address


def commanded(*more: str, folder: Path, source: Path) -> tuple[int, object]:
    """Exit code and verdicts of the command."""
    versions = [
        f"--version={target}={sys.executable} {{helper}} shop:{target}" for target in ("healthy", "wrong_above_100")
    ]
    argv = (sys.executable, "-m", "harness", "replay", str(source), *versions, "--json", *more)
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(argv, cwd=folder, env=variables, capture_output=True, text=True, timeout=300, check=False)
    return ended.returncode, json.loads(ended.stdout)


def test_the_command_on_a_cluster_that_runs_gives_the_verdict_of_one_process(cluster: str, tmp_path: Path) -> None:
    events = [paid(f"s{number:02}", position) for number in range(20) for position in (1, 2, 3)]
    events += [paid("u", 1, 500, type="refunded")]
    source = recording(tmp_path, events).path
    local = commanded(folder=CODE, source=source)
    assert local[0] == 1
    there = ("--engine", "ray", "--address", cluster, "--workers", "2", "--shared", str(tmp_path))
    assert commanded(*there, folder=CODE, source=source) == local


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
