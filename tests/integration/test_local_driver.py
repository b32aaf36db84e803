"""The driver `local` with all its real servers and a service of the standard library."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from harness.drivers.local import LocalDriver
from harness.drivers.system import RunningSystem
from harness.errors import StartFailed
from harness.protocols import Linked
from harness.servers import TOXIPROXY
from harness.supervisor.scratch import Identity
from tests.integration.driver_contract import DriverContract, running
from tests.integration.echo import ECHO
from tests.integration.echo.running import eventually, get, workspace

pytestmark = pytest.mark.servers


class TestLocalDriver(DriverContract):
    driver = LocalDriver

    def test_an_instance_sees_none_of_the_harnesss_variables(self, system: RunningSystem) -> None:
        seen = json.loads(get(system.url, "/environment").body)
        given = {"VERSION", "INSTANCE", "POSTGRES_URL", "PATH", "HOME", "LANG", "ROLLPROOF_RUN", "ROLLPROOF_HARNESS"}
        assert seen.keys() - {"LC_CTYPE"} == given


# ── starting and stopping ────────────────────────────────────────────────────────────────────────────────────────


def test_a_version_that_does_not_start_leaves_nothing_running() -> None:
    with workspace() as space, LocalDriver().open(ECHO, space) as site:
        with pytest.raises(StartFailed), running(site, "1.0+broken"):
            pass
        assert carrying(space.run_id, b"service.py") == []
        assert carrying(space.run_id, b"worker.py") == []


def carrying(run_id: str, text: bytes = b"") -> list[int]:
    """Processes of a run, by the mark in their environment, with `text` in their command line."""
    pids = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                marked = f"ROLLPROOF_RUN={run_id}\0".encode() in (folder / "environ").read_bytes()
                if marked and text in (folder / "cmdline").read_bytes() and Identity.of(int(folder.name)):
                    pids.append(int(folder.name))
            except (PermissionError, FileNotFoundError, ProcessLookupError):
                continue
    return pids


HARNESS = """
import signal
from harness.drivers.local import LocalDriver
from tests.integration.echo import ECHO
from tests.integration.echo.running import workspace
with workspace() as space, LocalDriver().open(ECHO, space) as site, site.start("1.0"):
    print(space.run_id, space.scratch, flush=True)
    signal.pause()
"""


def test_a_harness_killed_in_the_middle_leaves_nothing() -> None:
    harness = subprocess.Popen([sys.executable, "-c", HARNESS], stdout=subprocess.PIPE, text=True, cwd=os.getcwd())
    assert harness.stdout is not None
    with harness:
        try:
            run_id, scratch = harness.stdout.readline().split()
            assert len(carrying(run_id)) >= 8  # keeper, router, links, postgres, nats, two web, one worker
            assert Path(scratch).exists()
        finally:
            harness.kill()
    assert eventually(lambda: carrying(run_id) == [] and not Path(scratch).exists(), 5)
    assert list(Path("/dev/shm").glob("PostgreSQL.*")) == []


# ── links ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_without_toxiproxy_links_go_through_the_embedded_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(TOXIPROXY.variable, raising=False)
    monkeypatch.delenv(TOXIPROXY.choice_variable, raising=False)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr("harness.servers.cache_folder", lambda: tmp_path)
    with workspace() as space, LocalDriver().open(ECHO, space) as site, running(site) as system:
        assert isinstance(system, Linked)
        assert carrying(space.run_id, b"harness.toxics.server")
        ports = {link.address[1] for link in system.links()}
        assert urlsplit(json.loads(get(system.url, "/environment").body)["POSTGRES_URL"]).port in ports
        assert urlsplit(system.store_url("postgres")).port not in ports
