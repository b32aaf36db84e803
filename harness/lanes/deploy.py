"""The deployment lane: carries out what a strategy asks for, and tells it when something did not succeed."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from harness.environment import Service
from harness.errors import StartFailed, StepFailed, Unreachable
from harness.history import Kind
from harness.lanes.census import Census
from harness.lanes.gates import Live
from harness.lanes.rebuilding import Rebuilding
from harness.lanes.rollouts import Rollouts
from harness.lanes.stage import Stage
from harness.lanes.watches import Watches
from harness.protocols import (
    Action,
    Add,
    Announce,
    Apply,
    AwaitReady,
    AwaitRollout,
    CatchUp,
    Instance,
    Migrate,
    Outcome,
    Remove,
    RolledBack,
    Route,
    Run,
    Setback,
    Smoke,
    System,
    Undo,
    Verify,
    WarmUp,
    Watch,
)
from harness.scenario import Scenario
from harness.strategies.words import describe
from harness.verdict import Cell
from harness.versions import resolve

READY_POLL_S = 0.05
REQUEST_TIMEOUT_S = 5.0


class Deployment:
    """Drives the scenario's strategy against a system. `run` returns when it is complete, rolled back or stuck."""

    def __init__(
        self,
        scenario: Scenario,
        system: System,
        stage: Stage,
        live: Live,
        objection: Callable[[], str] = lambda: "",
        serves: Callable[[Sequence[Instance]], None] = lambda _: None,
        leaves: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`objection` says why a rollback may not start, if that is proven. `serves` is told of instances once they are
        ready, and `leaves` before one is asked to stop."""
        self._scenario = scenario
        self._system = system
        self._stage = stage
        self._objection = objection
        self._serves = serves
        self._leaves = leaves
        self._census = Census(system, stage)
        self._rollouts = Rollouts(system, scenario.change, stage, self._census, self._heed_abort)
        self._watches = Watches(scenario.change, stage, live, self._census, self._heed_abort)
        self._rebuilding = Rebuilding(scenario.environment, system.store_url, stage, self._heed_abort)
        self._setback: Setback | None = None

    def survey(self) -> None:
        """Record who serves before anything changes."""
        self._serves(self._system.instances())
        self._census.take()
        self._census.routed({self._scenario.change.old: 100})

    def run(self) -> None:
        """Raises Stopped if the run ended meanwhile, HarnessError if the harness could not do an action."""
        steps = self._scenario.strategy.steps(
            self._scenario.change, self._scenario.environment.services, self._system.instances()
        )
        try:
            action = next(steps)
            while True:
                try:
                    outcome = self._perform(action)
                except Setback as setback:
                    if refused := self._turn_back(setback):
                        steps.close()
                        self._end("stuck", refused)
                        return
                    action = steps.throw(setback)
                else:
                    action = steps.send(outcome)
        except StopIteration:
            self._end("complete" if self._setback is None else "rolled back", str(self._setback or ""))
        except Setback as setback:
            self._end("stuck", str(setback))

    def _turn_back(self, setback: Setback) -> str:
        """Why there is no way back, if that is proven: then all stays as it is, as what was written is read so."""
        if self._setback is not None:
            return ""
        self._stage.record(Kind.SETBACK, "setback", {"reason": str(setback)})
        self._setback = setback
        if isinstance(setback, RolledBack) or not (objection := self._objection()):
            return ""
        return f"no rollback was started, as {objection}; it was wanted, as {setback}"

    def _end(self, outcome: str, reason: str) -> None:
        self._stage.end_step()
        self._census.take()
        self._stage.record(Kind.ENDED, "deployment", {"outcome": outcome, "reason": reason})

    def _perform(self, action: Action) -> Outcome:
        self._stage.sleep(0)
        if isinstance(action, Announce):
            self._stage.announce(action.step)
            if action.step == self._scenario.abort:
                self._stage.abort.set()
            return None
        self._heed_abort()
        moment = self._stage.record(Kind.ACTION, describe(action))
        detail: dict[str, Cell] = {"ok": True}
        try:
            return self._dispatch(action, detail)
        except (StartFailed, StepFailed, Unreachable) as failure:
            detail.update(ok=False, error=str(failure))
            raise Setback(str(failure)) from failure
        except Setback as setback:
            detail.update(ok=False, error=str(setback))
            raise
        finally:
            self._stage.end(moment, detail)

    def _heed_abort(self) -> None:
        if self._stage.abort.is_set() and self._setback is None:
            raise Setback("an operator aborted the deployment")

    def _dispatch(self, action: Action, detail: dict[str, Cell]) -> Outcome:
        match action:
            case Add(service, version):
                instance = self._system.add(service, version)
                self._census.take()
                return instance
            case AwaitReady(name):
                self._await_ready(self._instance(name))
                self._serves([self._instance(name)])
            case Smoke(name):
                self._smoke(self._instance(name))
            case WarmUp(name, requests):
                self._warm_up(self._instance(name), requests)
            case Route(weights):
                self._system.route(weights)
                self._census.routed(weights)
            case Remove(name):
                self._leaves(name)
                departure = self._system.remove(name)
                detail.update(exit_code=departure.exit_code, killed=departure.killed, took_s=departure.took_s)
                self._census.take()
            case Watch():
                self._watches.perform(action)
            case CatchUp() | Verify():
                self._rebuilding.perform(action)
            case Migrate(phase, version):
                self._migrate(phase, version)
            case Apply() | AwaitRollout() | Undo() | Run():
                self._rollouts.perform(action)
        return None

    def _instance(self, name: str) -> Instance:
        return next(instance for instance in self._system.instances() if instance.name == name)

    def _service(self, instance: Instance) -> Service:
        return next(s for s in self._scenario.environment.services if s.name == instance.service)

    def _await_ready(self, instance: Instance) -> None:
        limit_s = self._service(instance).ready_timeout_s
        deadline_ns = self._stage.now_ns() + round(limit_s * 1e9)
        while not self._system.ready(instance.name):
            self._heed_abort()
            if self._stage.now_ns() > deadline_ns:
                raise Setback(f"{instance.name} ({instance.version}) did not get ready within {limit_s:g} s")
            self._stage.sleep(READY_POLL_S)

    def _smoke(self, instance: Instance) -> None:
        for path in self._scenario.environment.smoke_paths:
            try:
                status = _get(instance.url, path)
            except (OSError, http.client.HTTPException) as cause:
                raise Setback(f"smoke test of {instance.name}: GET {path} met {cause!r}") from cause
            if status >= 400:
                raise Setback(f"smoke test of {instance.name}: GET {path} answered {status}")

    def _warm_up(self, instance: Instance, requests: int) -> None:
        paths: Sequence[str] = self._scenario.environment.smoke_paths or (self._service(instance).ready_path,)
        for number in range(requests):
            try:
                _get(instance.url, paths[number % len(paths)])
            except (OSError, http.client.HTTPException) as cause:
                raise Setback(f"warming up {instance.name} met {cause!r}") from cause

    def _migrate(self, phase: str, version: str) -> None:
        resolved = resolve(self._scenario.environment, version)
        commands = {
            "expand": resolved.expand,
            "contract": resolved.contract,
            "back": resolved.back,
            "switch": resolved.switch,
            "switch_back": resolved.switch_back,
        }
        if command := commands[phase]:
            self._system.migrate(command, version)


def _get(url: str, path: str) -> int:
    """The status of one GET, past the router. Raises OSError or HTTPException."""
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=REQUEST_TIMEOUT_S)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()
