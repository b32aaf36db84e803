"""One run: the system is started, deployed upon under load and faults, and what happened is saved as its history."""

from __future__ import annotations

import shutil
import threading
import time
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from harness.environment import Environment
from harness.events.consumer import ConsumerObserver
from harness.events.quiet import LagProbe, await_quiet
from harness.events.snapshot import save_snapshot
from harness.facts import facts_of
from harness.garbage import sparing_what_was_before
from harness.history import Kind, Moment
from harness.lanes.deploy import Deployment
from harness.lanes.direct import DirectLane
from harness.lanes.faults import FaultLane
from harness.lanes.processors import Processors
from harness.lanes.replay.lane import ReplayLane
from harness.lanes.stage import Stage, Stopped
from harness.lanes.windows import Windows
from harness.live import LiveHistory
from harness.load.cluster import start_load_in
from harness.load.engine import RunningLoad, start_load
from harness.load.parquet import to_parquet
from harness.load.remote import WorkerLost
from harness.protocols import Site, System, Talkative, Workspace
from harness.protocols.load import LoadPlace
from harness.recording import Timeline, write_facts, write_timeline
from harness.reporting.terminal import Display, Snapshot, VersionRate
from harness.scenario import LoadWhere, Scenario
from harness.supervisor.undo import UndoLog

WATCH_S = 0.25
"""How often the run looks after its lanes and shows how it stands."""
SHOWN_S = 2.0
"""The rates on display are of the last seconds."""


class Run:
    """See `carry_out`."""

    def __init__(
        self,
        scenario: Scenario,
        run_id: str,
        folder: Path,
        site: Site,
        workspace: Workspace,
        display: Display,
        abort: threading.Event,
    ) -> None:
        """`folder` takes the history."""
        self.run_id = run_id
        self.interruption: BaseException | None = None
        """The KeyboardInterrupt or SystemExit that cut the run short, if one did."""
        self._scenario = scenario
        self._folder = folder
        self._site = site
        self._workspace = workspace
        self._display = display
        self._abort = abort
        self._origin_ns = 0
        self._load_ends_ns = 0
        self._cut_short = False

    @property
    def _environment(self) -> Environment:
        return self._scenario.environment

    def carry_out(self) -> None:
        """Start, deploy under load and faults, wait until all is quiet, save.

        An interruption ends the deployment where it is; faults heal and what was recorded is saved all the same.
        Raises HarnessError if the harness could not do its work.
        """
        started_at = datetime.now(UTC)
        recording = self._folder / "recording"
        recording.mkdir()
        with ExitStack() as stack:
            stack.enter_context(sparing_what_was_before())
            system, load, url = self._start(recording, stack)
            observer = self._observe(system, stack)
            replays = stack.enter_context(ReplayLane(self._scenario, system, self._workspace))
            load.prepare(url)
            self._origin_ns = load.begin()
            timeline = stack.enter_context(Timeline(self._folder / "timeline.jsonl", self._show))
            stage = Stage(timeline, self._origin_ns, self._abort)
            stack.enter_context(_remarked(system, timeline))
            direct = DirectLane(self._scenario, stage, self._workspace, recording)
            stack.callback(direct.kill)
            with self._lag_probe(system, timeline):
                processors = Processors()
                with replays.running(stage):
                    self._perform(system, load, stage, replays, direct)
                direct.end_all()
                self._load_ends_ns = self._end(load, stage) - self._origin_ns
                stage.record(Kind.MACHINE, "processors", {"busy_share": processors.busy_share()})
                if not self._cut_short:
                    self._await_quiet(system, observer, stage)
                    replays.last_round(stage)
            direct.save(self._folder, self._origin_ns)
            self._save(system, observer, load, timeline, started_at)
        shutil.rmtree(recording)  # only now: whatever went wrong before, the raw records are still there

    def _start(self, recording: Path, stack: ExitStack) -> tuple[System, RunningLoad, str]:
        """The system, the load, and where it is sent."""
        starting = self._site.start(self._scenario.change.old)
        if self._scenario.load.where is LoadWhere.CLUSTER:
            system = stack.enter_context(starting)
            assert isinstance(system, LoadPlace)  # as the driver offers it
            return system, stack.enter_context(self._start_load_in(system, recording)), system.entrance()
        load = stack.enter_context(self._start_load(recording))  # first, as its workers are long in starting
        system = stack.enter_context(starting)
        return system, load, system.url

    def _start_load(self, recording: Path) -> AbstractContextManager[RunningLoad]:
        return start_load(
            self._scenario.load,
            self._workspace.spawner,
            recording,
            self._workspace.logs,
            seed=self._scenario.seed,
            headers=self._environment.headers,
            writes=self._writes,
            processes=self._scenario.load.workers,
        )

    def _start_load_in(self, place: LoadPlace, recording: Path) -> AbstractContextManager[RunningLoad]:
        return start_load_in(
            place,
            self._scenario.load,
            recording,
            self._workspace.logs,
            seed=self._scenario.seed,
            headers=self._environment.headers,
            writes=self._writes,
        )

    @property
    def _writes(self) -> tuple[str, ...]:
        return tuple(operation.name for operation in self._environment.operations if operation.writes)

    def _observe(self, system: System, stack: ExitStack) -> ConsumerObserver | None:
        consumer = self._environment.consumer
        if consumer is None:
            return None
        return stack.enter_context(ConsumerObserver(system.store_url(consumer.store), consumer))

    def _lag_probe(self, system: System, timeline: Timeline) -> AbstractContextManager[object]:
        if self._environment.projection is None:
            return nullcontext()
        return LagProbe(self._environment, system.store_url, timeline)

    # ── while the load flows ─────────────────────────────────────────────────────────────────────────────────────

    def _perform(
        self, system: System, load: RunningLoad, stage: Stage, replays: ReplayLane, direct: DirectLane
    ) -> None:
        lasting = (operation.name for operation in self._environment.operations if operation.lasting)
        live = LiveHistory(load.records(), self._origin_ns, lasting)
        deployment = Deployment(
            self._scenario, system, stage, live, lambda: replays.objection(stage), direct.begin, direct.end
        )
        with ThreadPoolExecutor(1 + len(self._scenario.faults)) as executor:
            deployed = executor.submit(self._deploy, deployment, stage, replays)
            faults = FaultLane(
                system,
                stage,
                Windows(stage, live, deployed.done),
                UndoLog(self._workspace.scratch),
                seed=self._scenario.seed,
                slo=self._scenario.slo,
            )
            lanes = [deployed, *faults.schedule(self._scenario.faults, executor)]
            try:
                self._look_after(lanes, load, live, stage)
            except (KeyboardInterrupt, SystemExit) as interruption:
                self.interruption = interruption
                self._cut(stage, type(interruption).__name__)
            except WorkerLost as lost:
                self._cut(stage, _words(lost))
            finally:
                stage.stop.set()
                faults.heal_all()

    def _cut(self, stage: Stage, by: str) -> None:
        self._cut_short = True
        stage.record(Kind.CUT, by)

    def _end(self, load: RunningLoad, stage: Stage) -> int:
        """When the load ended. With a worker that is lost there is nothing to wait for: the run shows nothing."""
        if self.interruption is not None or not self._cut_short:
            try:
                return load.end()
            except WorkerLost as lost:
                self._cut(stage, _words(lost))
        load.kill()
        return time.monotonic_ns()

    def _deploy(self, deployment: Deployment, stage: Stage, replays: ReplayLane) -> None:
        """The baseline, the deployment, the aftermath."""
        with suppress(Stopped):
            deployment.survey()
            stage.sleep(self._scenario.settle_s)
            replays.await_first_round(stage)
            deployment.run()
            stage.sleep(self._scenario.settle_s)

    def _look_after(self, lanes: list[Future[None]], load: RunningLoad, live: LiveHistory, stage: Stage) -> None:
        """Until all lanes are done, one of them or the load breaks, or the time is up."""
        while True:
            done, under_way = wait(lanes, timeout=WATCH_S, return_when=FIRST_EXCEPTION)
            for lane in done:
                lane.result()
            load.check()
            self._display.progress(_snapshot(live, stage))
            if not under_way:
                return
            if stage.now_ns() > self._scenario.time_limit_s * 1e9:
                text = f"not over within its time limit of {self._scenario.time_limit_s:g} s"
                stage.record(Kind.NOTE, "time limit", {"text": text})
                return

    # ── after it ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _await_quiet(self, system: System, observer: ConsumerObserver | None, stage: Stage) -> None:
        quiet = await_quiet(
            self._environment,
            system.store_url,
            observer,
            timeout_s=self._scenario.quiesce_s,
            stop=threading.Event(),
        )
        if quiet is not None:
            stage.record(Kind.QUIET, "quiet", quiet.detail())

    def _save(
        self,
        system: System,
        observer: ConsumerObserver | None,
        load: RunningLoad,
        timeline: Timeline,
        started_at: datetime,
    ) -> None:
        for from_ns, until_ns in load.stalls():
            timeline.add(Kind.STALL, "the load generator did not run", at_ns=from_ns, until_ns=until_ns)
        self._save_requests(load, timeline)
        if not self._cut_short:
            if observer is not None:
                observer.stop()
            save_snapshot(self._environment, system.store_url, observer, self._origin_ns, self._folder)
        write_timeline(self._folder, timeline.moments(self._origin_ns))
        write_facts(
            self._folder,
            facts_of(
                self._scenario,
                run_id=self.run_id,
                started_at=started_at,
                origin_ns=self._origin_ns,
                load_ends_ns=self._load_ends_ns,
            ),
        )

    def _save_requests(self, load: RunningLoad, timeline: Timeline) -> None:
        """Requests that are not all there are no table of the history: what nobody recorded would look like an effect
        that nobody asked for. They are kept beside it, for people."""
        accounts = load.accounts()
        for account in accounts:
            until_ns = self._origin_ns + self._load_ends_ns
            timeline.add(Kind.WORKER, account.name, account.detail(), at_ns=self._origin_ns, until_ns=until_ns)
        table = "requests" if all(account.whole for account in accounts) else "some-requests"
        to_parquet(load.files, self._folder / f"{table}.parquet", self._origin_ns)

    def _show(self, moment: Moment) -> None:
        until_ns = None if moment.until_ns is None else moment.until_ns - self._origin_ns
        self._display.moment(replace(moment, at_ns=moment.at_ns - self._origin_ns, until_ns=until_ns))


def _words(lost: WorkerLost) -> str:
    """What it said last is among the logs."""
    return f"its load, as {str(lost).partition(chr(10))[0]}"


def _remarked(system: System, timeline: Timeline) -> AbstractContextManager[object]:
    """What the platform says of its objects is noted when it says it."""
    if not isinstance(system, Talkative):
        return nullcontext()
    return system.remarks(lambda remark: timeline.add(Kind.REMARK, remark.reason, remark.detail()))


def _snapshot(live: LiveHistory, stage: Stage) -> Snapshot:
    now_ns = stage.now_ns()
    traffic = live.traffic(max(0, now_ns - round(SHOWN_S * 1e9)))
    seconds = min(SHOWN_S, max(now_ns / 1e9, WATCH_S))
    versions = tuple(
        VersionRate(each.version, each.tally.requests / seconds, each.tally.error_rate, each.tally.p99_ms)
        for each in traffic
    )
    requests = sum(each.tally.requests for each in traffic)
    return Snapshot(
        elapsed_s=now_ns / 1e9,
        phase=stage.step or "under load",
        requests_per_s=requests / seconds,
        error_rate=sum(each.tally.failed for each in traffic) / requests if requests else None,
        p99_ms=max((each.tally.p99_ms for each in traffic if each.tally.p99_ms is not None), default=None),
        versions=versions,
    )
