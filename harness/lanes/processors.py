"""How busy the processors of the harness's own machine are: a run on one that is too busy shows little."""

from __future__ import annotations

import psutil

_IDLE = ("idle", "iowait")
_BUSY = ("user", "nice", "system", "irq", "softirq", "steal")
"""What guests take is in `user` already."""


class Processors:
    """Of all together, since this was made."""

    def __init__(self) -> None:
        self._before = psutil.cpu_times()

    def busy_share(self) -> float:
        """What other machines on the same hardware took counts as busy. 0.0 before the first tick of the clock."""
        now = psutil.cpu_times()
        spent_s = {name: getattr(now, name) - getattr(self._before, name) for name in (*_IDLE, *_BUSY)}
        busy_s = sum(spent_s[name] for name in _BUSY)
        whole_s = sum(spent_s.values())
        return busy_s / whole_s if whole_s else 0.0
