"""Strategies are pure: they are driven here with canned outcomes, and a fleet that obeys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

import pytest

from harness.environment import Service
from harness.protocols import (
    Action,
    Add,
    Analysis,
    Announce,
    Apply,
    AwaitReady,
    AwaitRollout,
    CatchUp,
    Instance,
    Migrate,
    Remove,
    RolledBack,
    Route,
    Run,
    Setback,
    Smoke,
    Strategy,
    Undo,
    Verify,
    Watch,
)
from harness.scenario import Change
from harness.strategies import STRATEGIES
from harness.strategies.blue_green import BlueGreen
from harness.strategies.canary import Canary, CanaryStep
from harness.strategies.command import Command
from harness.strategies.deployment import NativeDeployment
from harness.strategies.recreate import Recreate
from harness.strategies.rolling import Rolling

CHANGE = Change("1.1", "2.0")
WEB = Service("web", ("serve",), replicas=3, routed=True)
PROJECTOR = Service("projector", ("project",), replicas=2, routed=False)
SERVICES = (WEB, PROJECTOR)
COMMAND = Command(("go",), undo=("back",))
ALL: list[Strategy] = [
    Rolling(),
    BlueGreen(steps_percent=(50, 100)),
    BlueGreen(rebuild=True),
    Canary(),
    Canary(analysis=Analysis(), baseline=True),
    Recreate(),
    NativeDeployment(),
    COMMAND,
]


@dataclass
class ObedientSystem:
    """Does what it is told, remembers it, and fails on demand at one action."""

    fails_at: int | None = None
    instances: list[Instance] = field(default_factory=list)
    weights: dict[str, int] = field(default_factory=lambda: {CHANGE.old: 100})
    actions: list[Action] = field(default_factory=list)
    least_serving: int = WEB.replicas

    def __post_init__(self) -> None:
        for service in SERVICES:
            for _ in range(service.replicas):
                self.instances.append(self._new(service.name, CHANGE.old))

    def _new(self, service: str, version: str) -> Instance:
        return Instance(f"{service}-{len(self.actions)}-{len(self.instances)}", service, version, "")

    def run(self, strategy: Strategy) -> None:
        steps = strategy.steps(CHANGE, SERVICES, tuple(self.instances))
        outcome: Instance | None = None
        try:
            action = next(steps)
            while True:
                self.actions.append(action)
                if len(self.actions) - 1 == self.fails_at:
                    action = steps.throw(Setback("it was told to fail here"))
                    continue
                try:
                    outcome = self._do(action)
                except Setback as setback:
                    action = steps.throw(setback)
                else:
                    action = steps.send(outcome)
        except StopIteration:
            pass

    def _do(self, action: Action) -> Instance | None:
        match action:
            case Add(service, version):
                self.instances.append(self._new(service, version))
                return self.instances[-1]
            case Remove(name):
                self.instances = [instance for instance in self.instances if instance.name != name]
            case Route(weights):
                self.weights = dict(weights)
            case Apply(service, version):
                self._replace(service, version)
            case Undo(service):
                self._replace(service, CHANGE.old)
            case Run(argv):
                for each in SERVICES:
                    self._replace(each.name, CHANGE.new if argv == COMMAND.argv else CHANGE.old)
            case AwaitRollout(service, version):
                if any(i.version != version for i in self.instances if i.service == service):
                    raise RolledBack(f"{service} is not at {version}")
        self.least_serving = min(self.least_serving, self.serving())
        return None

    def _replace(self, service: str, version: str) -> None:
        """As a platform does it."""
        self.instances = [replace(i, version=version) if i.service == service else i for i in self.instances]
        if service == WEB.name:
            self.weights = {version: WEB.replicas}

    def serving(self) -> int:
        return sum(1 for i in self.instances if i.service == WEB.name and self.weights.get(i.version))

    def fleet(self) -> Counter[tuple[str, str]]:
        return Counter((instance.service, instance.version) for instance in self.instances)

    def only_version_with_traffic(self) -> str:
        with_traffic = [version for version, weight in self.weights.items() if weight]
        assert len(with_traffic) == 1, self.weights
        return with_traffic[0]


def whole_fleet(version: str) -> Counter[tuple[str, str]]:
    return Counter({(WEB.name, version): WEB.replicas, (PROJECTOR.name, version): PROJECTOR.replicas})


@pytest.mark.parametrize("strategy", ALL, ids=lambda strategy: type(strategy).__name__)
def test_a_change_without_setbacks_ends_with_the_new_version_alone(strategy: Strategy) -> None:
    system = ObedientSystem()
    system.run(strategy)
    assert system.fleet() == whole_fleet(CHANGE.new)
    assert system.only_version_with_traffic() == CHANGE.new


@pytest.mark.parametrize("strategy", ALL, ids=lambda strategy: type(strategy).__name__)
def test_the_announced_steps_are_those_that_were_promised(strategy: Strategy) -> None:
    system = ObedientSystem()
    system.run(strategy)
    announced = tuple(action.step for action in system.actions if isinstance(action, Announce))
    assert announced == strategy.names(WEB.replicas)


def test_every_strategy_of_the_table_is_tested_here() -> None:
    assert {type(strategy) for strategy in ALL} == set(STRATEGIES.values())


def _actions_of(strategy: Strategy) -> list[Action]:
    system = ObedientSystem()
    system.run(strategy)
    return system.actions


@pytest.mark.parametrize("strategy", ALL, ids=lambda strategy: type(strategy).__name__)
def test_a_setback_at_any_action_brings_the_old_version_back(strategy: Strategy) -> None:
    actions = _actions_of(strategy)
    before_contract = next(
        index for index, action in enumerate(actions) if isinstance(action, Migrate) and action.phase == "contract"
    )
    for index in range(before_contract - 1):
        system = ObedientSystem(fails_at=index)
        system.run(strategy)
        assert system.fleet() == whole_fleet(CHANGE.old), (index, actions[index])
        assert system.only_version_with_traffic() == CHANGE.old, (index, actions[index])
        assert Migrate("back", CHANGE.new) == system.actions[-1]


@pytest.mark.parametrize("strategy", ALL, ids=lambda strategy: type(strategy).__name__)
def test_a_setback_on_the_way_back_is_not_swallowed(strategy: Strategy) -> None:
    steps = strategy.steps(CHANGE, SERVICES, tuple(ObedientSystem().instances))
    next(steps)
    assert steps.throw(Setback("first")) == Announce("rollback")
    with pytest.raises(Setback, match="second"):
        steps.throw(Setback("second"))


@pytest.mark.parametrize(
    ("strategy", "least"),
    [(Rolling(), 3), (Rolling(batch=2, surge=1), 2), (Rolling(batch=1, surge=0), 2), (BlueGreen(), 3), (Canary(), 3)],
)
def test_capacity_while_rolling_out(strategy: Strategy, least: int) -> None:
    system = ObedientSystem()
    system.run(strategy)
    assert system.least_serving == least


def test_recreate_never_runs_two_versions_side_by_side() -> None:
    _never_side_by_side(Recreate(), fails_at=None)


def test_recreate_goes_back_without_running_two_versions_side_by_side() -> None:
    for index, action in enumerate(_actions_of(Recreate())):
        if isinstance(action, Watch):
            _never_side_by_side(Recreate(), fails_at=index)
            return
    pytest.fail("recreate watches nothing")


def _never_side_by_side(strategy: Strategy, fails_at: int | None) -> None:
    system = ObedientSystem(fails_at=fails_at)
    do: Callable[[Action], Instance | None] = system._do

    def checked(action: Action) -> Instance | None:
        outcome = do(action)
        versions = {instance.version for instance in system.instances if instance.service == WEB.name}
        assert len(versions) <= 1, action
        return outcome

    system._do = checked  # type: ignore[method-assign]
    system.run(strategy)


def test_readers_come_before_writers_and_leave_after_them() -> None:
    actions = _actions_of(Canary())
    added = [action.service for action in actions if isinstance(action, Add)]
    assert added == ["projector"] * 2 + ["web"] * 3
    last_watch = max(index for index, action in enumerate(actions) if isinstance(action, Watch))
    system = ObedientSystem(fails_at=last_watch)
    system.run(Canary())
    way_back = system.actions[last_watch + 1 :]
    removed_web = [i for i, a in enumerate(way_back) if isinstance(a, Remove) and a.instance.startswith("web")]
    added_old_projector = [i for i, a in enumerate(way_back) if isinstance(a, Add) and a.service == "projector"]
    assert max(removed_web) < min(added_old_projector)


def test_beside_each_new_instance_of_a_canary_a_fresh_one_of_the_old_version_is_started() -> None:
    weights = tuple(CanaryStep(weight, 1.0) for weight in (20, 50, 60, 100))
    system = ObedientSystem()
    stable = {instance.name for instance in system.instances}
    system.run(Canary(weights, analysis=Analysis(), baseline=True))
    added = [action.version for action in system.actions if isinstance(action, Add) and action.service == WEB.name]
    assert added == ["2.0", "1.1", "2.0", "1.1", "2.0"]  # one at 20 %, one more at 50 %; at 100 % nothing is compared
    baselines = [action.baseline for action in system.actions if isinstance(action, Watch)]
    assert [len(baseline) for baseline in baselines] == [1, 2, 2, 2]
    assert not stable.intersection(*baselines)


def test_a_canary_and_its_baseline_are_started_before_either_is_waited_for() -> None:
    actions = _actions_of(Canary((CanaryStep(20, 1.0),), analysis=Analysis(), baseline=True))
    first = next(index for index, action in enumerate(actions) if action == Add(WEB.name, CHANGE.new))
    assert actions[first + 1] == Add(WEB.name, CHANGE.old)
    assert [type(action) for action in actions[first + 2 : first + 7]] == [AwaitReady, Smoke, AwaitReady, Smoke, Route]


def test_without_a_baseline_a_canary_is_compared_with_all_of_the_old_version() -> None:
    watches = [action for action in _actions_of(Canary(analysis=Analysis())) if isinstance(action, Watch)]
    assert [watch.baseline for watch in watches] == [()] * 4


def test_a_baseline_that_nothing_would_be_compared_with_is_refused() -> None:
    with pytest.raises(ValueError, match="baseline needs an analysis"):
        Canary(baseline=True)


def test_traffic_meets_only_instances_that_said_they_were_ready() -> None:
    for strategy in ALL:
        ready: set[str] = set()
        system = ObedientSystem()
        original = system._do

        def checked(
            action: Action,
            system: ObedientSystem = system,
            ready: set[str] = ready,
            original: Callable[[Action], Instance | None] = original,
        ) -> Instance | None:
            if isinstance(action, AwaitReady):
                ready.add(action.instance)
            if isinstance(action, Route):
                new = [i.name for i in system.instances if i.service == WEB.name and i.version == CHANGE.new]
                assert set(new) <= ready
            return original(action)

        system._do = checked  # type: ignore[method-assign]
        system.run(strategy)


@pytest.mark.parametrize("strategy", ALL[:4], ids=lambda strategy: type(strategy).__name__)
@pytest.mark.parametrize("fails_at", [None, *range(60)])
def test_no_version_has_a_share_that_nobody_could_serve(strategy: Strategy, fails_at: int | None) -> None:
    system = ObedientSystem(fails_at=fails_at)
    original = system._do

    def checked(action: Action) -> Instance | None:
        outcome = original(action)
        there = {instance.version for instance in system.instances if instance.service == WEB.name}
        assert {version for version, weight in system.weights.items() if weight} <= there
        return outcome

    system._do = checked  # type: ignore[method-assign]
    with suppress(Setback):  # at the contract step there is no way back
        system.run(strategy)
    assert system.actions


def phases(system: ObedientSystem) -> list[str]:
    return [action.phase for action in system.actions if isinstance(action, Migrate)]


def of(system: ObedientSystem, kind: type[Action]) -> int:
    """The place of the first action of a kind."""
    return next(place for place, action in enumerate(system.actions) if isinstance(action, kind))


def projectors(system: ObedientSystem, version: str) -> int:
    return system.fleet()[PROJECTOR.name, version]


def test_a_read_model_serves_once_it_is_caught_up_and_verified_and_old_workers_stay_until_blue_retires() -> None:
    system = ObedientSystem()
    system.run(BlueGreen(rebuild=True))
    assert phases(system) == ["expand", "switch", "contract"]
    switched = system.actions.index(Migrate("switch", CHANGE.new))
    assert of(system, CatchUp) < of(system, Verify) < switched < of(system, Route)
    retired = system.actions.index(Announce("retire blue"))
    assert all(not isinstance(action, Remove) for action in system.actions[:retired])
    assert (projectors(system, CHANGE.old), projectors(system, CHANGE.new)) == (0, PROJECTOR.replicas)


@pytest.mark.parametrize("kind", [CatchUp, Verify])
def test_a_read_model_that_is_not_as_it_should_be_never_serves(kind: type[Action]) -> None:
    well = ObedientSystem()
    well.run(BlueGreen(rebuild=True))
    system = ObedientSystem(fails_at=of(well, kind))
    system.run(BlueGreen(rebuild=True))
    assert phases(system) == ["expand", "back"]
    assert (projectors(system, CHANGE.old), projectors(system, CHANGE.new)) == (PROJECTOR.replicas, 0)


def test_the_way_back_switches_to_the_old_read_model_before_the_new_workers_leave() -> None:
    well = ObedientSystem()
    well.run(BlueGreen(rebuild=True))
    system = ObedientSystem(fails_at=of(well, Watch))
    system.run(BlueGreen(rebuild=True))
    assert phases(system) == ["expand", "switch", "switch_back", "back"]
    back = system.actions.index(Migrate("switch_back", CHANGE.new))
    left = [action.instance for action in system.actions[back:] if isinstance(action, Remove)]
    assert len(left) == PROJECTOR.replicas
    assert (projectors(system, CHANGE.old), projectors(system, CHANGE.new)) == (PROJECTOR.replicas, 0)
