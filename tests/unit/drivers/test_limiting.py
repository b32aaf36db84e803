"""What is used under limits, of processes that end while they are looked at."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.drivers import limiting, proc
from harness.drivers.cgroups import Hierarchy
from harness.supervisor.undo import UndoLog
from harness.waiting import until


def test_a_member_that_has_just_ended_is_no_reason_not_to_tell_what_the_others_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limiting, "find_hierarchy", lambda: Hierarchy(tmp_path, tmp_path))
    child = subprocess.Popen([sys.executable, "-I", "-S", "-c", ""])
    try:
        assert until(lambda: not proc.lives(child.pid), 10)
        assert child.pid in proc.family(os.getpid())  # a zombie, until it is waited for
        used = limiting.limiter("run", "web-1", UndoLog(tmp_path)).usage(os.getpid())
    finally:
        child.wait()
    assert used.memory_mb > 1
