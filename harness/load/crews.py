"""The virtual users of one worker, under locust's runner: of an open system, or any others."""

from __future__ import annotations

import gc
from time import monotonic_ns
from typing import Protocol

import gevent
import locust
from locust import User
from locust.env import Environment
from locust.runners import LocalRunner

from harness.load.arrivals import Rate, plan_arrivals
from harness.load.closed_loop import ClosedLoopRecorder
from harness.load.dispatcher import Dispatcher
from harness.load.heartbeat import Heartbeat
from harness.load.hub import raise_in_main
from harness.load.open_loop import OpenLoopUser, cast_of
from harness.load.plan import WorkerPlan
from harness.load.recording import Recorder
from harness.load.stage import LoadEnvironment, Stage
from harness.load.statistics import Statistics
from harness.load.target import resolve

_STATISTICS_S = 0.5


class Crew(Protocol):
    """Each verb is called once, in this order. Each may raise what a locustfile does."""

    def prepare(self, url: str) -> None:
        """Returns when every virtual user is prepared."""

    def begin(self, at_ns: int) -> None:
        """Let the load flow from this monotonic time; returns at once."""

    def end(self, at_ns: int) -> None:
        """Let it flow until this monotonic time; returns when nothing is in flight."""


class OpenLoopCrew:
    def __init__(self, plan: WorkerPlan, user_class: type[OpenLoopUser], recorder: Recorder) -> None:
        self._plan = plan
        self._recorder = recorder
        self._cast = cast_of(user_class)
        rate = Rate(plan.load.shape or [(0.0, plan.load.rate_per_s)])
        arrivals = plan_arrivals(
            rate,
            plan.load.arrivals,
            plan.seed,
            [part.weight for part in self._cast.parts],
            self._cast.shares,
            worker=plan.worker,
            workers=plan.workers,
        )
        self._dispatcher = Dispatcher(arrivals, rate.highest / plan.workers, plan.load.users)
        self._environment = LoadEnvironment(user_classes=[user_class], events=locust.events)
        self._runner = _runner(self._environment)
        self._statistics = Statistics(plan.recording, self._environment.stats)
        self._environment.events.user_error.add_listener(_on_user_error)  # type: ignore[no-untyped-call]

    def prepare(self, url: str) -> None:
        stage = Stage(self._plan, resolve(url), self._recorder, self._dispatcher, self._cast)
        # The runner itself listens, too; for that the statistics are merged in bulk.
        stage.listened = len(self._environment.events.request._handlers) > 1
        self._environment.stage = stage
        self._heartbeat = Heartbeat(self._recorder.journal, stage.expire)
        _spawn_all(self._runner, self._plan.load.users)
        stage.all_prepared.wait()
        if not stage.listened:
            self._runner.greenlet.spawn(self._keep_statistics)
        gc.collect()
        gc.freeze()  # what lives now lives to the end: no collection need look at it again

    def begin(self, at_ns: int) -> None:
        self._dispatcher.begin(at_ns)

    def end(self, at_ns: int) -> None:
        self._dispatcher.end(at_ns)
        self._dispatcher.drained.wait()
        self._heartbeat.close()
        if not self._environment.stage.listened:
            self._statistics.update()
        self._runner.quit()

    def _keep_statistics(self) -> None:
        while True:
            gevent.sleep(_STATISTICS_S)
            self._statistics.update()


class ClosedLoopCrew:
    def __init__(self, plan: WorkerPlan, user_class: type[User], recorder: Recorder) -> None:
        self._plan = plan
        self._recorder = recorder
        self._environment = Environment(
            user_classes=[user_class], events=locust.events, stop_timeout=plan.load.timeout_s
        )
        self._runner = _runner(self._environment)
        self._environment.events.request.add_listener(  # type: ignore[no-untyped-call]
            ClosedLoopRecorder(plan, recorder)
        )

    def prepare(self, url: str) -> None:
        self._environment.host = url
        self._heartbeat = Heartbeat(self._recorder.journal, lambda _: None)

    def begin(self, at_ns: int) -> None:
        _sleep_until(at_ns)
        _spawn_all(self._runner, self._plan.load.users)

    def end(self, at_ns: int) -> None:
        _sleep_until(at_ns)
        self._heartbeat.close()
        self._runner.quit()


def _runner(environment: Environment) -> LocalRunner:
    runner = environment.create_local_runner()
    environment.events.init.fire(environment=environment, runner=runner, web_ui=None)  # type: ignore[no-untyped-call]
    return runner


def _spawn_all(runner: LocalRunner, users: int) -> None:
    runner.start(users, spawn_rate=users)


def _sleep_until(at_ns: int) -> None:
    gevent.sleep(max(0, at_ns - monotonic_ns()) / 1e9)


def _on_user_error(exception: BaseException, **_: object) -> None:
    """An operation that raises is a mistake in the locustfile: locust would log it and go on, and send nothing."""
    raise_in_main(exception)
