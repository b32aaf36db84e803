"""Watches: the load flows for a while, and what the new version does with it decides whether the deployment goes on."""

from __future__ import annotations

from collections.abc import Callable

from harness.analysis.judge import Versions
from harness.analysis.judge import judge as compare
from harness.analysis.outcomes import Course, Finding, Outcome
from harness.errors import HarnessError
from harness.history import Kind
from harness.lanes.census import Census
from harness.lanes.gates import Judgement, Live, Tally, judge
from harness.lanes.stage import Stage
from harness.protocols import Analysis, Setback, Watch
from harness.scenario import Change

POLL_S = 0.25
LOOK_S = 1.0
"""An analysis looks so often."""
SETTLE_S = 0.5
"""A second is compared so long after it is over: most of what was due in it has been answered then."""
SECOND_NS = 1_000_000_000


class Watches:
    """The watches of one deployment: an analysis goes by all that was answered since the first that asked for it."""

    def __init__(
        self, change: Change, stage: Stage, live: Live, census: Census, heed_abort: Callable[[], None]
    ) -> None:
        self._change = change
        self._stage = stage
        self._live = live
        self._census = census
        self._heed_abort = heed_abort
        self._compared_since_ns: int | None = None

    def perform(self, watch: Watch) -> None:
        """Raises Setback if the deployment must not go on."""
        began_ns = self._stage.now_ns()
        duration_ns = round(watch.duration_s * 1e9)
        if watch.analysis is not None and self._compared_since_ns is None:
            self._compared_since_ns = began_ns
        self._census.compared(watch.baseline, self._change.old)
        course = self._hold(watch, began_ns, began_ns + duration_ns)
        if watch.analysis is not None:
            self._await_finding(watch, watch.analysis, course, duration_ns)
            assert self._compared_since_ns is not None
            self._conclude(self._judgement(watch.version, course.finding), "analysis")
        if watch.gate is not None:
            self._await_data(watch, began_ns, duration_ns)
            self._conclude(judge(watch.gate, self._live.tally(watch.version, began_ns), watch.version), "gate")

    def _hold(self, watch: Watch, began_ns: int, due_ns: int) -> Course:
        """Ends early on what the rest of the watch could not make good."""
        course, look_ns = Course(), began_ns
        while (now_ns := self._stage.now_ns()) < due_ns and not course.decided:
            self._heed_abort()
            self._census.glance()
            if self._is_lost(watch, began_ns, (now_ns - began_ns) / (due_ns - began_ns)):
                break
            if watch.analysis is not None and now_ns >= look_ns:
                course.take(self._look(watch, watch.analysis))
                look_ns = now_ns + round(LOOK_S * 1e9)
            self._stage.sleep(min(POLL_S, max(0.0, (due_ns - self._stage.now_ns()) / 1e9)))
        return course

    def _is_lost(self, watch: Watch, began_ns: int, elapsed_share: float) -> bool:
        if watch.gate is None:
            return False
        tally = self._live.tally(watch.version, began_ns)
        expected = max(tally.requests / max(elapsed_share, 0.2), 1)
        return tally.failed > watch.gate.error_rate_max * expected and tally.requests >= watch.gate.requests_min

    # ── held against the old version ─────────────────────────────────────────────────────────────────────────────

    def _look(self, watch: Watch, analysis: Analysis) -> Finding:
        assert self._compared_since_ns is not None
        since_ns = self._compared_since_ns
        settled_s = (self._stage.now_ns() - round(SETTLE_S * 1e9) - since_ns) // SECOND_NS
        try:
            traffic = self._live.compare(
                self._change.old, self._change.new, since_ns, since_ns + settled_s * SECOND_NS, watch.baseline
            )
        except (OSError, HarnessError) as error:
            return Finding(Outcome.ERROR, str(error))
        return compare(analysis, traffic, Versions.of(self._change.old, self._change.new, watch.baseline))

    def _await_finding(self, watch: Watch, analysis: Analysis, course: Course, patience_ns: int) -> None:
        """A last look; what cannot be told yet gets the watch's length once more."""
        deadline_ns = self._stage.now_ns() + patience_ns
        while not course.decided:
            course.take(self._look(watch, analysis))
            told = course.finding.outcome in (Outcome.PASS, Outcome.FAIL) and not course.erring
            if told or (self._stage.now_ns() > deadline_ns and not course.erring):
                return
            self._heed_abort()
            self._stage.sleep(POLL_S)

    def _judgement(self, version: str, finding: Finding) -> Judgement:
        assert self._compared_since_ns is not None
        unmeasured = finding.outcome is Outcome.ERROR
        tally = Tally(0, 0, None) if unmeasured else self._live.tally(version, self._compared_since_ns)
        return Judgement(version, finding.outcome, finding.reason, tally)

    # ── by itself ────────────────────────────────────────────────────────────────────────────────────────────────

    def _await_data(self, watch: Watch, began_ns: int, patience_ns: int) -> None:
        """A small share of a small load may need longer to say anything; it gets the watch's length once more."""
        assert watch.gate is not None
        deadline_ns = self._stage.now_ns() + patience_ns
        while self._live.tally(watch.version, began_ns).requests < watch.gate.requests_min:
            self._heed_abort()
            if self._stage.now_ns() > deadline_ns:
                return
            self._stage.sleep(POLL_S)

    def _conclude(self, judgement: Judgement, by: str) -> None:
        self._stage.record(Kind.GATE, f"{by} {judgement.version}", judgement.detail())
        if not judgement.passed:
            raise Setback(judgement.reason)
