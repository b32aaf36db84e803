"""The whole plan of a run as a text tree, before anything is started. The same scenario always gives the same text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass

from harness import registry
from harness.environment import Environment, Service
from harness.protocols import (
    Action,
    Add,
    Announce,
    Checker,
    Gate,
    Instance,
    Migrate,
    Smoke,
    Watch,
)
from harness.scenario import Ending, Load, LoadWhere, Scenario, ScheduledFault, Slo
from harness.strategies.words import describe
from harness.versions import resolve


@dataclass(frozen=True)
class Node:
    """One line of the plan, and what it is made of."""

    text: str
    children: tuple[Node, ...] = ()


def plan(scenario: Scenario) -> str:
    """Raises InvalidInput if a version of the scenario is unknown."""
    strategy = registry.STRATEGIES.kind_of(scenario.strategy)
    root = Node(
        f"{scenario.name}: {scenario.change.old} → {scenario.change.new} by {strategy}"
        f" · driver {scenario.driver} · seed {scenario.seed}",
        (
            _environment(scenario.environment),
            _load(scenario.load, scenario),
            _deployment(scenario),
            _faults(scenario),
            *_replay(scenario),
            *_direct(scenario),
            _levels(scenario.slo),
            _checkers(scenario.checkers),
        ),
    )
    return "\n".join((root.text, *_lines(root.children, ""))) + "\n"


def _lines(nodes: tuple[Node, ...], indent: str) -> Iterator[str]:
    for node in nodes:
        last = node is nodes[-1]
        yield f"{indent}{'└─' if last else '├─'} {node.text}"
        yield from _lines(node.children, indent + ("   " if last else "│  "))


# ── what is deployed, and under which load ───────────────────────────────────────────────────────────────────────


def _environment(environment: Environment) -> Node:
    stores = tuple(Node(f"{store.name}: {store.kind}") for store in environment.stores)
    return Node(f"environment {environment.name}", (*stores, *(_service(service) for service in environment.services)))


def _service(service: Service) -> Node:
    links = f" → {', '.join(service.links)}" if service.links else ""
    routed = ", behind the router" if service.routed else ""
    return Node(f"{service.replicas} of {service.name}{routed}{links}")


_PLACES = {LoadWhere.HERE: "here", LoadWhere.CLUSTER: "in the cluster"}


def _load(load: Load, scenario: Scenario) -> Node:
    rate = f"{load.rate_per_s:g}/s"
    if load.shape:
        rate = ", ".join(f"{rate_per_s:g}/s at {at_s:g} s" for at_s, rate_per_s in load.shape)
    return Node(
        f"load: {load.user} of {load.locustfile.name}, {rate}, {load.arrivals} arrivals, {load.users} users, "
        f"{_workers(load)}time-out {load.timeout_s:g} s; "
        f"{scenario.settle_s:g} s before the first step and after the last"
    )


def _workers(load: Load) -> str:
    if load.workers == 1 and load.where is LoadWhere.HERE:
        return ""
    return f"{load.workers} workers {_PLACES[load.where]}, "


# ── the deployment, as it goes if all is well ────────────────────────────────────────────────────────────────────


def _deployment(scenario: Scenario) -> Node:
    steps: list[tuple[str, list[Node]]] = [("before the first step", [])]
    for action, added in rehearse(scenario):
        if isinstance(action, Announce):
            steps.append((action.step, _at_step(action.step, scenario)))
        else:
            steps[-1][1].append(Node(_action(action, added, scenario.environment)))
    ending = {
        Ending.COMPLETE: "expected to complete",
        Ending.ROLLBACK: "expected to be rolled back; shown as it would go if all were well",
    }[scenario.ending]
    return Node(
        f"deployment, {ending}, within {scenario.time_limit_s:g} s",
        tuple(Node(step, tuple(nodes)) for step, nodes in steps if nodes or step != steps[0][0]),
    )


def rehearse(scenario: Scenario) -> Iterator[tuple[Action, Instance | None]]:
    """The strategy's actions where every one of them succeeds; with each Add, the instance that it gives."""
    environment, change = scenario.environment, scenario.change
    count = {service.name: service.replicas for service in environment.services}
    fleet = tuple(
        Instance(f"{service.name}-{number}", service.name, change.old, "")
        for service in environment.services
        for number in range(1, service.replicas + 1)
    )
    steps = scenario.strategy.steps(change, environment.services, fleet)
    outcome: Instance | None = None
    while True:
        try:
            action = steps.send(outcome)
        except StopIteration:
            return
        outcome = None
        if isinstance(action, Add):
            count[action.service] += 1
            outcome = Instance(f"{action.service}-{count[action.service]}", action.service, action.version, "")
        yield action, outcome


def _at_step(step: str, scenario: Scenario) -> list[Node]:
    """What others do from the beginning of this step on."""
    nodes = [Node(f"! {_strike(scheduled)}") for scheduled in scenario.faults if scheduled.window.at_step == step]
    if scenario.abort == step:
        nodes.append(Node("! the operator aborts"))
    return nodes


def _action(action: Action, added: Instance | None, environment: Environment) -> str:
    words = describe(action)
    match action:
        case Add() if added is not None:
            return f"{words}: {added.name}"
        case Smoke():
            return f"{words}: {', '.join(environment.smoke_paths) or 'nothing to ask'}"
        case Watch():
            return "; ".join((words, *_gates(action)))
        case Migrate(phase=phase, version=version):
            return f"{words}: {_migration(phase, version, environment)}"
    return words


def _gates(watch: Watch) -> Iterator[str]:
    if watch.gate is not None:
        yield _gate(watch.gate)
    if watch.analysis is not None:
        yield f"and if not found worse than {', '.join(watch.baseline) or 'before'}{_values(watch.analysis)}"


def _gate(gate: Gate) -> str:
    return (
        f"go on if errors ≤ {gate.error_rate_max:.2%} and p99 ≤ {gate.p99_ms_max:g} ms"
        f" of at least {gate.requests_min} requests"
    )


def _migration(phase: str, version: str, environment: Environment) -> str:
    command: tuple[str, ...] = getattr(resolve(environment, version), phase)
    return " ".join(command) or "nothing to do"


# ── what is broken, and what must hold ───────────────────────────────────────────────────────────────────────────


def _faults(scenario: Scenario) -> Node:
    if not scenario.faults:
        return Node("faults: none")
    return Node("faults", tuple(Node(_fault(scheduled)) for scheduled in scenario.faults))


def _strike(scheduled: ScheduledFault) -> str:
    window = scheduled.window
    return f"{scheduled.name}, {window.after_s:g} s after the step began, {window.end}{window.repeats}"


def _fault(scheduled: ScheduledFault) -> str:
    window, target = scheduled.window, scheduled.selection or scheduled.fault.target
    what = f"{registry.FAULTS.kind_of(scheduled.fault)} {target}"
    name = "" if scheduled.name == what else f"{scheduled.name}: "
    details = _values(scheduled.fault, without=("kind", "target", "service", "store"))
    return f"{name}{what}{details}, {window.begin}, {window.end}{window.repeats}"


def _replay(scenario: Scenario) -> Iterator[Node]:
    replay = scenario.replay
    if replay is None:
        return
    recordings = "".join(f", and of {recording.name} once" for recording in replay.recordings)
    guarded = "; a rollback does not start to a version that cannot read them" if replay.guards_rollback else ""
    readers = tuple(
        Node(f"{reader.service}: {reader.store}, {reader.table or reader.stream}")
        for reader in scenario.environment.readers
    )
    yield Node(f"replay of all events every {replay.every_s:g} s{recordings}, by both versions{guarded}", readers)


def _direct(scenario: Scenario) -> Iterator[Node]:
    direct = scenario.direct
    if direct is None:
        return
    writes = f" and {direct.write.operation}" if direct.write else ""
    asked = f"GET {direct.path_in(scenario.environment)}{writes}, each {direct.rate_per_s:g}/s"
    yield Node(f"past the router, to each instance: {asked} on new and on kept connections")


def _levels(slo: Slo) -> Node:
    return Node(f"service levels{_values(slo)}")


def _checkers(checkers: tuple[Checker, ...]) -> Node:
    return Node("checkers", tuple(Node(f"{checker.name}{_values(checker, without=('name',))}") for checker in checkers))


def _values(thing: object, without: tuple[str, ...] = ()) -> str:
    """` (field = value, …)` of a dataclass, leaving out what is not set."""
    if not is_dataclass(thing):
        return ""
    named = ((field.name, getattr(thing, field.name)) for field in fields(thing) if field.name not in without)
    pairs = [f"{name} = {_value(value)}" for name, value in named if value not in (None, (), {}, "")]
    return f" ({', '.join(pairs)})" if pairs else ""


def _value(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_value(inner)}" for key, inner in value.items())
    if isinstance(value, tuple | list | frozenset):
        return ", ".join(_value(inner) for inner in value)
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
