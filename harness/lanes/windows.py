"""When windows of faults begin and end: at times, with steps of the deployment, by what the live history shows."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from harness.lanes.gates import Live, Tally
from harness.lanes.stage import Stage, Stopped
from harness.scenario import Slo
from harness.windows import Condition, Window

LOOK_S = 0.1
RECOVERED_S = 3.0
"""So long the service levels hold in what was done last: whatever full seconds the checker looks at, two are in it."""


class Missed(Exception):
    """A window does not open; the message says why."""


@dataclass(frozen=True)
class Windows:
    """All times are of the history."""

    stage: Stage
    live: Live
    deployment_over: Callable[[], bool]

    def await_begin(self, window: Window, since_ns: int) -> None:
        """A condition is looked for from `since_ns` on. Raises Missed, and Stopped if the run is to end before."""
        self.stage.sleep_until(self._begins_ns(window, since_ns) + round(window.after_s * 1e9))
        if window.until_step is not None and self.stage.began(window.until_step) is not None:
            raise Missed(f"the step {window.until_step!r}, which was to end it, had begun before")

    def _begins_ns(self, window: Window, since_ns: int) -> int:
        if window.at_s is not None:
            return round(window.at_s * 1e9)
        if window.at_step is not None:
            began_ns = self.stage.await_step(window.at_step, self.deployment_over)
            if began_ns is None:
                raise Missed(f"the deployment never came to the step {window.at_step!r}")
            return began_ns
        assert window.when is not None  # a window has one of the three
        while not self.holds(window.when, since_ns):
            if self.deployment_over():
                raise Missed(f"it never held that {window.when}")
            self.stage.sleep(LOOK_S)
        return self.stage.now_ns()

    def await_end(self, window: Window, began_ns: int, release: threading.Event) -> str:
        """Returns "" when the window is over, or else why it was cut short: `release` does that."""
        if window.duration_s is not None:
            left_s = window.duration_s - (self.stage.now_ns() - began_ns) / 1e9
            return "the run ended before" if release.wait(max(0.0, left_s)) else ""
        while not self._is_over(window, began_ns):
            if self.deployment_over():
                return f"the deployment was over, and it had not come to what ends it: {window.end}"
            if release.wait(LOOK_S):
                return "the run ended before"
        return ""

    def _is_over(self, window: Window, began_ns: int) -> bool:
        if window.until_step is not None:
            return self.stage.began(window.until_step) is not None
        assert window.until_when is not None  # a window has one of the three
        return self.holds(window.until_when, began_ns)

    def holds(self, condition: Condition, since_ns: int) -> bool:
        """Over the condition's time up to now, all of it after `since_ns`."""
        over_ns = round(condition.over_s * 1e9)
        from_ns = self.stage.now_ns() - over_ns
        if from_ns < since_ns:
            return False
        tally = self.live.done(from_ns, condition.version)
        if condition.figure == "rate_per_s":
            return condition.holds(tally.requests / condition.over_s)
        value = tally.p99_ms if condition.figure == "p99_ms" else tally.error_rate
        return value is not None and tally.requests >= condition.requests_min and condition.holds(value)

    def await_recovery(self, slo: Slo) -> None:
        """Until the service levels hold, or have been waited for as long as they may take: for the checker, which looks
        at what was recorded, this is time enough to tell. Returns also if the run is to end."""
        healed_ns = self.stage.now_ns()
        deadline_ns = healed_ns + round((slo.recovery_s_max + RECOVERED_S) * 1e9)
        try:
            self.stage.sleep(RECOVERED_S)
            while not _holds(slo, self.live.done(self.stage.now_ns() - round(RECOVERED_S * 1e9))):
                if self.stage.now_ns() > deadline_ns:
                    return
                self.stage.sleep(LOOK_S)
        except Stopped:
            return


def _holds(slo: Slo, tally: Tally) -> bool:
    slow = tally.p99_ms is not None and tally.p99_ms > slo.p99_ms_max
    return tally.error_rate is not None and tally.error_rate <= slo.error_rate_max and not slow
