"""The harness killed with SIGKILL at ten moments of a run on Kubernetes, and what `harness sweep` leaves: nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from harness.drivers.containers.engine import HARNESS_LABEL, RUN_LABEL, connect
from harness.drivers.kubernetes.api import KubernetesApi
from harness.drivers.kubernetes.cluster import kind
from harness.drivers.kubernetes.cluster.kind import KindCluster
from harness.supervisor.scratch import PREFIX
from tests.integration.echo.running import eventually
from tests.integration.test_killed import processes_of

pytestmark = [pytest.mark.kind, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
MOMENTS_S = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.5, 7.5, 10.0)
"""From before the namespace is made to the start of services."""
LINES_UNDER_LOAD = 4
"""Of the driver's log of what took how long."""
READY_S_MAX = 180.0
GONE_WITHIN_S = 90.0


def killed_after(after_s: float | None, scratch: Path, *, alone: bool) -> int:
    """Start a run and kill it: after some seconds, or under load. If not `alone`, with all who look after it.

    Returns the number of its process.
    """
    process = subprocess.Popen(
        (sys.executable, "-m", "harness", "run", "--driver=kind", "scenarios/canary.toml", "--reports", str(scratch)),
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(scratch)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        if after_s is None:
            assert eventually(lambda: noted(scratch) >= LINES_UNDER_LOAD, READY_S_MAX)
        else:
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(after_s)
    finally:
        keepers = [] if alone else psutil.Process(process.pid).children(recursive=True)
        process.kill()
        for keeper in keepers:
            keeper.kill()
        process.wait()
    return process.pid


def noted(scratch: Path) -> int:
    """Lines of what the driver notes when a step is done."""
    return sum(len(log.read_text().splitlines()) for log in scratch.glob(f"{PREFIX}*/logs/kind.log"))


def is_of(marks: Mapping[str, str], harnesses: Iterable[int]) -> bool:
    return any(marks.get(HARNESS_LABEL, "").startswith(f"{pid}@") for pid in harnesses)


def left_by(harnesses: Iterable[int], api: KubernetesApi) -> list[str]:
    """Namespaces and containers that they made; other harnesses may be at work meanwhile."""
    namespaces = [found.name for found in api.namespaces(RUN_LABEL) if is_of(found.marks, harnesses)]
    with closing(connect()) as engine:
        containers = engine.containers.list(all=True, filters={"label": RUN_LABEL})
        return [*namespaces, *(str(each.name) for each in containers if is_of(each.labels, harnesses))]


def sweep(scratch: Path) -> str:
    return subprocess.run(
        (sys.executable, "-m", "harness", "sweep"),
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(scratch)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_a_harness_that_was_killed_at_any_moment_leaves_nothing(cluster: KindCluster, tmp_path: Path) -> None:
    """Every second time together with its watchdogs, so that there is something to sweep."""
    api = cluster.api()
    known = {each.name for each in kind.clusters()}
    moments = (None, *MOMENTS_S)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    killed = [killed_after(after_s, scratch, alone=number % 2 == 1) for number, after_s in enumerate(moments)]
    assert "removed  namespace" in sweep(scratch)
    assert eventually(lambda: not left_by(killed, api), GONE_WITHIN_S), left_by(killed, api)
    assert eventually(lambda: not any(map(processes_of, killed)), GONE_WITHIN_S)
    assert eventually(lambda: not list(scratch.glob(f"{PREFIX}*")), GONE_WITHIN_S), list(scratch.iterdir())
    assert {each.name for each in kind.clusters()} == known
