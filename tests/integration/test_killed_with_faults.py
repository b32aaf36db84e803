"""The harness and its supervisor killed with SIGKILL while faults are in; then `harness sweep`: nothing is left.

HARNESS_KILLS says at how many random moments; the nightly tries fifty.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import psutil
import pytest

from harness.supervisor.scratch import PREFIX
from harness.supervisor.undo import UndoLog
from harness.waiting import until
from tests.integration.test_killed import ROOT, listening, ports_of, processes_of

KILLS = int(os.environ.get("HARNESS_KILLS", "2"))
BROKEN_WITHIN_S = 240.0
SCENARIO = f"""
name = "killed"
environment = "{ROOT}/environments/ledger"
change = {{ old = "1.1", new = "2.0" }}
strategy = {{ kind = "rolling" }}
settle_s = 60

[load]
locustfile = "{ROOT}/environments/ledger/locustfile.py"
user = "LedgerUser"
rate_per_s = 10

[[fault]]
kind = "latency"
service = "ledger"
store = "postgres"
attributes = {{ latency = 100 }}
at_s = 0
for_s = 60

[[fault]]
kind = "partition-one"
store = "nats"
at_s = 0.2
for_s = 60

[[fault]]
kind = "pause"
target = {{ service = "ledger", choose = "minority" }}
at_s = 0.4
for_s = 0.5
times = 20

[[fault]]
kind = "kill"
target = {{ role = "worker" }}
at_s = 0.6
for_s = 0.5
times = 20
"""

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
    (tmp_path / "killed.toml").write_text(SCENARIO)
    process = subprocess.Popen(
        (sys.executable, "-m", "harness", "run", "--plain", tmp_path / "killed.toml", "--reports", tmp_path),
        cwd=ROOT,
        env=surroundings(scratch),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield process
    process.kill()
    process.wait()


def surroundings(scratch: Path) -> dict[str, str]:
    return {**os.environ, "TMPDIR": str(scratch), "DOCKER_HOST": "unix:///nowhere.sock"}


def broken(scratch: Path) -> int:
    """How many faults are in, by what was written down before."""
    return sum(len(UndoLog(folder).open()) for folder in scratch.glob(f"{PREFIX}*"))


def keeper_of(processes: list[psutil.Process]) -> int:
    """The supervisor's pid; others may end while we look, as faults kill them."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            if any(word.endswith("keeper.py") for word in process.cmdline()):
                return process.pid
    raise AssertionError("the run has no supervisor")


@pytest.mark.parametrize("number", range(KILLS))
def test_the_sweep_leaves_nothing_of_a_killed_harness_with_faults_in(
    harness: subprocess.Popen[bytes], scratch: Path, number: int
) -> None:
    assert until(lambda: broken(scratch) >= 1, BROKEN_WITHIN_S, 0.05)
    with pytest.raises(subprocess.TimeoutExpired):
        harness.wait(Random(number).uniform(0, 3))
    [folder] = scratch.glob(f"{PREFIX}*")
    started = processes_of(harness.pid)
    ports = ports_of(started)
    assert ports
    keeper = keeper_of(started)
    os.kill(keeper, signal.SIGSTOP)  # so that neither sees the other die, and does something about it
    for pid in (harness.pid, keeper):
        os.kill(pid, signal.SIGKILL)
    harness.wait()
    assert folder.exists()
    was_broken = broken(scratch)
    assert was_broken
    swept = subprocess.run(
        (sys.executable, "-m", "harness", "sweep"),
        cwd=ROOT,
        env=surroundings(scratch),
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert swept.stdout.count("healed   ") >= was_broken
    assert not processes_of(harness.pid)
    assert not list(scratch.glob(f"{PREFIX}*"))
    assert not ports & listening()
