"""The only wiring: from scenarios to reports. Whatever a run starts is undone in reverse order, whatever happens."""

from __future__ import annotations

import os
import secrets
import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from operator import or_
from pathlib import Path

from harness import registry, scenario_check
from harness.checkers import default_checkers
from harness.environment import Environment
from harness.history import History
from harness.judge import judge
from harness.plan import plan
from harness.protocols import Provisions, Site, Workspace
from harness.recheck import save_checkers
from harness.reporting import options_of, write_report
from harness.reporting.terminal import Display, SilentDisplay
from harness.run import Run
from harness.scenario import Scenario
from harness.supervisor import Supervisor, scratch_folder
from harness.verdict import Status, Verdict, worst


@dataclass(frozen=True)
class RunResult:
    """What came of a run. `folder` holds the report and the history."""

    run_id: str
    folder: Path
    verdicts: tuple[Verdict, ...]

    @property
    def status(self) -> Status:
        return worst(self.verdicts)

    @property
    def passed(self) -> bool:
        return self.status is Status.PASS


@contextmanager
def open_session(
    reports: Path, display: Display | None = None, abort: threading.Event | None = None
) -> Iterator[Session]:
    """Runs scenarios one after the other; consecutive ones of the same environment and driver share its servers.

    Leaving stops all that was started. Setting `abort` makes the deployment under way roll back.
    """
    with ExitStack() as stack:
        yield Session(reports, display or SilentDisplay(), abort or threading.Event(), stack)


@dataclass(frozen=True)
class _Ground:
    """An environment whose servers are up: what consecutive runs share."""

    environment: Environment
    driver: str
    site: Site
    workspace: Workspace
    stack: ExitStack

    def serves(self, scenario: Scenario) -> bool:
        """The seed is its links', too; what faults need must have been there from the beginning."""
        own = (self.environment, self.driver, self.workspace.seed, self.workspace.provisions)
        return own == (scenario.environment, scenario.driver, scenario.seed, _provisions(scenario))


class Session:
    """See open_session."""

    def __init__(self, reports: Path, display: Display, abort: threading.Event, stack: ExitStack) -> None:
        self._reports = reports
        self._display = display
        self._abort = abort
        self._stack = stack
        self._ground: _Ground | None = None

    def run(self, scenario: Scenario) -> RunResult:
        """Deploy, record, judge and report.

        Raises InvalidInput before anything is started, HarnessError if the harness could not do its work; what had
        been recorded until then stays in the report's folder. On KeyboardInterrupt or SystemExit the faults heal, what
        was recorded is reported as unknown, everything stops, and it is raised again.
        """
        scenario_check.check(scenario, registry.DRIVERS.find(scenario.driver))
        self._abort.clear()  # what was aborted before is not this run
        run_id = _new_id()
        folder = self._reports / scenario.name / run_id
        (folder / "history").mkdir(parents=True)
        plan_text = plan(scenario)
        (folder / "plan.txt").write_text(plan_text)
        if scenario.source is not None:
            shutil.copyfile(scenario.source, folder / "scenario.toml")
        self._display.planned(plan_text)
        ground = self._ground_for(scenario)
        run = Run(scenario, run_id, folder / "history", ground.site, ground.workspace, self._display, self._abort)
        try:
            run.carry_out()
        finally:
            _collect_logs(ground.workspace.logs, folder / "logs")
        result = self._judge(scenario, run, folder, plan_text)
        if run.interruption is not None:
            raise run.interruption
        return result

    def _judge(self, scenario: Scenario, run: Run, folder: Path, plan_text: str) -> RunResult:
        checkers = scenario.checkers or default_checkers(scenario.environment, scenario.slo, scenario.replay)
        save_checkers(folder, checkers)
        with History.load(folder / "history") as history:
            verdicts = judge(history, checkers)
            paths = write_report(folder, history, verdicts, plan_text, options_of(checkers))
        self._display.finished(verdicts, paths.report)
        return RunResult(run.run_id, folder, verdicts)

    def _ground_for(self, scenario: Scenario) -> _Ground:
        ground = self._ground
        if ground is not None and ground.serves(scenario):
            return ground
        if ground is not None:
            self._ground = None
            ground.stack.close()
        self._ground = self._bring_up(scenario)
        return self._ground

    def _bring_up(self, scenario: Scenario) -> _Ground:
        session_id = _new_id()
        scratch = scratch_folder(session_id)
        with ExitStack() as stack:
            spawner = stack.enter_context(Supervisor(session_id, scratch))
            logs = scratch / "logs"
            logs.mkdir()
            workspace = Workspace(session_id, scratch, logs, spawner, scenario.seed, _provisions(scenario))
            driver = registry.DRIVERS.find(scenario.driver)()
            site = stack.enter_context(driver.open(scenario.environment, workspace))
            started = self._stack.enter_context(stack.pop_all())
            return _Ground(scenario.environment, scenario.driver, site, workspace, started)


def _provisions(scenario: Scenario) -> Provisions:
    """What its faults need to be there from the beginning."""
    faults = (scheduled.fault for scheduled in scenario.faults)
    return reduce(or_, (getattr(fault, "provisions", Provisions()) for fault in faults), Provisions())


def _collect_logs(source: Path, target: Path) -> None:
    """Servers that go on write on behind what is cut off here, so that each run's logs are its own."""
    shutil.copytree(source, target)
    for log in source.iterdir():
        os.truncate(log, 0)


def _new_id() -> str:
    """Sorts by time, and does not repeat."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
