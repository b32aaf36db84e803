"""Notices when its own process did not run: the machine was busy or paused, and what was measured then is its lag."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic_ns

from gevent import get_hub

from harness.load.journal import JournalWriter, Stall

BEAT_NS = 10_000_000
STALL_NS = 50_000_000


class Heartbeat:
    """Beats every 10 ms on gevent's loop; calls `on_beat` with the monotonic time each time."""

    def __init__(self, journal: JournalWriter, on_beat: Callable[[int], None]) -> None:
        self._journal = journal
        self._on_beat = on_beat
        self._last_ns = monotonic_ns()
        self._timer = get_hub().loop.timer(BEAT_NS / 1e9, BEAT_NS / 1e9)
        self._timer.start(self._beat)

    def close(self) -> None:
        self._timer.stop()
        self._timer.close()

    def _beat(self) -> None:
        now_ns = monotonic_ns()
        if now_ns - self._last_ns > STALL_NS:
            self._journal.append(Stall(self._last_ns, now_ns))
        self._last_ns = now_ns
        self._on_beat(now_ns)
