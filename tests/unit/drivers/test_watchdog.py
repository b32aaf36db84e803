"""The command runs when the harness dies, and only then."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.drivers.watchdog import watching
from harness.waiting import until

HARNESS = """
import sys, threading
from harness.drivers.watchdog import watching
with watching(("touch", sys.argv[1])):
    print("watched", flush=True)
    threading.Event().wait()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_harness_that_dies_has_the_command_run(tmp_path: Path, number: int) -> None:
    trace = tmp_path / "trace"
    with subprocess.Popen((sys.executable, "-c", HARNESS, str(trace)), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"watched\n"
        os.kill(process.pid, number)
    assert until(trace.exists, 10)


def test_leaving_ends_the_watch_without_it(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    with watching(("touch", str(trace))):
        pass
    assert not trace.exists()


def test_an_error_is_no_death(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    with pytest.raises(ValueError, match="wrong"), watching(("touch", str(trace))):
        raise ValueError("wrong")
    assert not trace.exists()
