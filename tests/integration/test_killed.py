"""The harness killed with SIGKILL at different moments leaves nothing of its run behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from harness.supervisor.scratch import HARNESS_VARIABLE, PREFIX
from harness.waiting import until

ROOT = Path(__file__).parents[2]
GONE_WITHIN_S = 5.0
BEGUN_S_MAX = 30.0
MOMENTS_S = (0.3, 0.6, 1.0, 1.5, 2.0, 3.0, 4.5, 6.0, 9.0, 13.0)
"""From before the first server is started to the middle of the deployment with a fault in."""

pytestmark = pytest.mark.servers


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A place of its own for scratch folders, which PostgreSQL's account may enter too."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        path.chmod(0o755)
        yield path


@pytest.fixture
def harness(tmp_path: Path, scratch: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        (sys.executable, "-m", "harness", "run", "--plain", "scenarios/canary-with-kill.toml", "--reports", tmp_path),
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(scratch)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield process
    process.kill()
    process.wait()


def processes_of(harness_pid: int) -> list[psutil.Process]:
    """All that carry the mark of this harness, but for the harness itself."""
    mark = f"{harness_pid}@"
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(HARNESS_VARIABLE, "").startswith(mark):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def ports_of(processes: list[psutil.Process]) -> set[int]:
    return listening({process.pid for process in processes})


def listening(pids: set[int] | None = None) -> set[int]:
    """Ports that these processes, or any, listen on."""
    return {
        connection.laddr.port
        for connection in psutil.net_connections("tcp")
        if connection.laddr and connection.status == psutil.CONN_LISTEN and (pids is None or connection.pid in pids)
    }


def run_folders(scratch: Path) -> list[Path]:
    return list(scratch.glob(f"{PREFIX}*"))


@pytest.mark.parametrize("after_s", MOMENTS_S)
def test_a_killed_harness_leaves_nothing(harness: subprocess.Popen[bytes], scratch: Path, after_s: float) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        harness.wait(after_s)
    started = processes_of(harness.pid)
    ports = ports_of(started)
    if after_s > 3:
        assert len(started) > 5, "the run had hardly begun: there was nothing to leave behind"
        assert ports
    kill_and_expect_nothing(harness, scratch)
    assert not ports & listening()


@pytest.mark.parametrize("begun", ["", "logs", "postgres/data", "postgres/data/base", "postgres/data/postmaster.pid"])
def test_a_harness_killed_while_it_prepares_leaves_nothing(
    harness: subprocess.Popen[bytes], scratch: Path, begun: str
) -> None:
    """Each is a moment just after which something is being written into the scratch folder."""
    assert until(lambda: any(scratch.glob(f"{PREFIX}*/{begun}")), BEGUN_S_MAX, poll_s=0.001)
    kill_and_expect_nothing(harness, scratch)


def kill_and_expect_nothing(harness: subprocess.Popen[bytes], scratch: Path) -> None:
    os.kill(harness.pid, signal.SIGKILL)
    harness.wait()
    killed_at = time.monotonic()
    assert until(lambda: not processes_of(harness.pid), GONE_WITHIN_S), processes_of(harness.pid)
    left_s = max(0.1, GONE_WITHIN_S - (time.monotonic() - killed_at))
    assert until(lambda: not run_folders(scratch), left_s), run_folders(scratch)
