"""Multi-window, multi-burn-rate alerts (*The Site Reliability Workbook*, chapter 5), scaled to the length of a run.

The burn rate is the share of bad events over the share that the objective allows: at 1 the budget is used up just when
its period ends. An alert fires while the burn rate is at least its factor in a long window, which says that it
matters, and in a short one, which says that it still goes on. The windows of a period of 30 days (1 h, 6 h, 1 d, 3 d)
keep their proportions in a run: the longest is as long as the run. Where so short a window holds too few events to say
anything, it reaches back until the long one holds `events_min` of them, and the short one a twelfth of that.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.service_levels.objective import Events

SHORTER: Final = 12
"""So many times as long is the long window."""


@dataclass(frozen=True)
class Alert:
    factor: float
    long_share: float
    """The long window, as a share of the run."""
    pages: bool
    """Whether it wakes somebody; else it may wait until morning."""

    @property
    def short_share(self) -> float:
        return self.long_share / SHORTER


ALERTS: Final = (
    Alert(14.4, 1 / 72, pages=True),
    Alert(6.0, 1 / 12, pages=True),
    Alert(3.0, 1 / 3, pages=False),
    Alert(1.0, 1.0, pages=False),
)


@dataclass(frozen=True)
class Firing:
    """What an alert did over a run. `first_s`: when it first fired, in seconds; None: it did not."""

    alert: Alert
    first_s: float | None
    looked: bool
    """Whether it ever had enough events to look at; one that had not says nothing."""
    highest: float
    """The highest burn rate that held in both windows at once."""


def watch(events: Events, target: float, events_min: int) -> tuple[Firing, ...]:
    """Each alert of ALERTS, evaluated at the end of each bucket."""
    return tuple(_watch(alert, events, target, events_min) for alert in ALERTS)


def _watch(alert: Alert, events: Events, target: float, events_min: int) -> Firing:
    long, enough = _burning(events, target, alert.long_share, events_min)
    short, _ = _burning(events, target, alert.short_share, ceil(events_min / SHORTER))
    burning = np.where(enough, np.minimum(long, short), 0.0)
    fires = burning >= alert.factor - 1e-9
    first_s = (int(fires.argmax()) + 1) * events.bucket_s if fires.any() else None
    return Firing(alert, first_s, bool(enough.any()), float(burning.max(initial=0.0)))


def _burning(
    events: Events, target: float, share: float, events_min: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The burn rate in the window that ends with each bucket, and whether there were `events_min` events until then."""
    until = np.concatenate([[0], np.cumsum(events.all)])
    until_bad = np.concatenate([[0], np.cumsum(events.all - events.good)])
    width = max(1, round(share * events.all.size))
    reaching_back = np.searchsorted(until, until[1:] - events_min, "right") - 1
    starts = np.maximum(0, np.minimum(np.arange(1, until.size) - width, reaching_back))
    total, bad = until[1:] - until[starts], until_bad[1:] - until_bad[starts]
    return bad / np.maximum(total, 1) / (1 - target), until[1:] >= events_min
