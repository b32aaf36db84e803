"""The harness killed with SIGKILL at ten moments of a run on Kubernetes, and what `harness sweep` leaves: nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from harness.drivers.containers.engine import RUN_LABEL, connect
from harness.drivers.kubernetes import kind
from harness.drivers.kubernetes.api import KubernetesApi
from harness.drivers.kubernetes.kind import KindCluster
from harness.supervisor.scratch import PREFIX
from tests.integration.echo.running import eventually
from tests.integration.test_killed import processes_of

pytestmark = [pytest.mark.kind, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
MOMENTS_S = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.5, 7.5, 10.0)
"""From before the namespace is made to the start of services; the tenth moment is under load."""
LINES_UNDER_LOAD = 4
"""Of the driver's log of what took how long."""
READY_S_MAX = 90.0
GONE_WITHIN_S = 90.0


def killed_after(after_s: float | None, folder: Path, *, alone: bool) -> int:
    """Start a run and kill it: after some seconds, or under load. If not `alone`, with all who look after it.

    Returns the number of its process.
    """
    scratch = folder / "scratch"
    scratch.mkdir(parents=True)
    process = subprocess.Popen(
        (sys.executable, "-m", "harness", "run", "--driver=kind", "scenarios/canary.toml", "--reports", str(folder)),
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


def namespaces(api: KubernetesApi) -> set[str]:
    return {found.name for found in api.namespaces(RUN_LABEL)}


def containers() -> set[str]:
    with closing(connect()) as engine:
        return {str(container.name) for container in engine.containers.list(all=True)}


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
    before, known, there = namespaces(api), {each.name for each in kind.clusters()}, containers()
    moments = (*MOMENTS_S, None)
    folders = [tmp_path / str(number) for number in range(len(moments))]
    killed = [
        killed_after(after_s, folder, alone=number % 2 == 0)
        for number, (after_s, folder) in enumerate(zip(moments, folders, strict=True))
    ]
    swept = "".join(sweep(folder / "scratch") for folder in folders)
    assert "removed  namespace" in swept
    assert eventually(lambda: namespaces(api) <= before, GONE_WITHIN_S), namespaces(api) - before
    assert eventually(lambda: not any(map(processes_of, killed)), GONE_WITHIN_S)
    assert eventually(lambda: not any(list((folder / "scratch").iterdir()) for folder in folders), GONE_WITHIN_S)
    assert {each.name for each in kind.clusters()} == known
    assert containers() <= there
