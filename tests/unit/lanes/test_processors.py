from __future__ import annotations

import psutil
import pytest

from harness.lanes.processors import Processors


def test_what_is_neither_idle_nor_waits_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    before = psutil.cpu_times()
    processors = Processors()
    zero = dict.fromkeys(before._fields, 0.0)
    spent = zero | {"user": 5.0, "guest": 5.0, "system": 2.0, "steal": 1.0, "idle": 1.5, "iowait": 0.5}
    processors._before = type(before)(**zero)
    monkeypatch.setattr(psutil, "cpu_times", lambda: type(before)(**spent))
    assert processors.busy_share() == pytest.approx(0.8)


def test_before_the_clock_ticks_nothing_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    now = psutil.cpu_times()
    monkeypatch.setattr(psutil, "cpu_times", lambda: now)
    assert Processors().busy_share() == 0.0
