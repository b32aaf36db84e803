"""What must agree between the parts of a scenario, asked before anything is started."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from harness.environment import Environment, Service
from harness.errors import HarnessError, InvalidInput, Unsupported
from harness.faults.clock import ClockJump, ClockSkew
from harness.faults.cluster import Partition
from harness.faults.container import Disconnect, Limit
from harness.faults.http import HttpAbort, HttpDelay
from harness.faults.lifecycle import CrashLoop, SlowStart, SlowStop, UngracefulStop
from harness.faults.machine import OutOfFiles
from harness.faults.network import LinkFault
from harness.faults.node import Cordon, Drain, NodePressure, NodeStop
from harness.faults.partition import Split
from harness.faults.pod import ContainerKill, EvictionStorm, OomKill, PodDelete, ProbeFlap
from harness.faults.process import Kill, Pause
from harness.faults.selection import chosen
from harness.faults.store import StoreFault
from harness.protocols import Driver, Fault, Instance, Link, Platform, Strategy
from harness.protocols.load import LoadPlace
from harness.scenario import Change, Direct, Load, LoadWhere, Replay, Scenario, ScheduledFault
from harness.strategies.blue_green import BlueGreen
from harness.strategies.canary import Canary
from harness.toml_reader import nearest
from harness.versions import resolve
from harness.windows import Condition, Selection, Window


def check(scenario: Scenario, driver: type[Driver]) -> None:
    """Raises InvalidInput for what could not work. A scenario read from a file has passed this, with lines."""
    check_change(scenario.change, scenario.environment)
    check_strategy(scenario.strategy, driver)
    check_rebuild(scenario.strategy, scenario.change, scenario.environment)
    check_load(scenario.load, driver)
    if scenario.replay is not None:
        check_replay(scenario.replay, scenario.environment)
    if scenario.direct is not None:
        check_direct(scenario.direct, scenario.environment, driver)
    steps = scenario.strategy.names(scenario.environment.routed.replicas)
    check_step(scenario.abort, steps)
    check_names(scenario.faults)
    for scheduled in scenario.faults:
        check_window(scheduled.window, steps, scenario.environment)
        check_offered(scheduled.fault, driver)
        check_aim(scheduled, scenario.environment)


def check_change(change: Change, environment: Environment) -> None:
    check_version(change.old, environment)
    check_version(change.new, environment)
    if change.old == change.new:
        raise InvalidInput(f"nothing would change: old and new are both {change.old!r}")


def check_version(name: str, environment: Environment) -> None:
    resolve(environment, name)


def check_step(step: str, steps: tuple[str, ...]) -> None:
    """An empty step means that none was asked for."""
    if step and step not in steps:
        raise InvalidInput(f"the deployment has no step {step!r}; {nearest(step, steps)}")


def check_window(window: Window, steps: tuple[str, ...], environment: Environment) -> None:
    check_step(window.at_step or "", steps)
    check_end(window, steps)
    check_condition(window.when, environment)
    check_condition(window.until_when, environment)


def check_end(window: Window, steps: tuple[str, ...]) -> None:
    """It is a step after the one that the window begins with."""
    check_step(window.until_step or "", steps)
    if window.at_step and window.until_step and steps.index(window.until_step) <= steps.index(window.at_step):
        raise InvalidInput(f"{window.until_step!r} cannot end what begins with {window.at_step!r}: it is no later step")


def check_condition(condition: Condition | None, environment: Environment) -> None:
    if condition is not None and condition.version:
        check_version(condition.version, environment)


def check_aim(scheduled: ScheduledFault, environment: Environment) -> None:
    """Raises InvalidInput if there is no such thing to break, or nobody to choose from."""
    if scheduled.selection is None:
        check_target(scheduled.fault, environment)
    else:
        check_selection(scheduled.selection, environment)


def check_selection(selection: Selection, environment: Environment) -> None:
    """Of the instances that there are before the deployment it chooses somebody, whatever their version."""
    services = {service.name: service for service in environment.services}
    if selection.service and selection.service not in services:
        raise InvalidInput(f"no service {selection.service!r}; {nearest(selection.service, services)}")
    if selection.version:
        check_version(selection.version, environment)
    fleet = [
        Instance(f"{service.name}-{number}", service.name, "", "")
        for service in environment.services
        for number in range(1, service.replicas + 1)
    ]
    try:
        chosen(replace(selection, version=""), environment, fleet, "")
    except HarnessError as error:
        raise InvalidInput(str(error)) from error


def check_names(faults: Iterable[ScheduledFault]) -> None:
    seen: set[str] = set()
    for scheduled in faults:
        if scheduled.name in seen:
            raise InvalidInput(f"two faults are called {scheduled.name!r}")
        seen.add(scheduled.name)


def check_strategy(strategy: Strategy, driver: type[Driver]) -> None:
    """Raises Unsupported if the driver has not what the strategy asks of it."""
    needs: frozenset[type] = getattr(strategy, "needs", frozenset())
    if lacking := needs - driver.offers:
        what = type(strategy).__name__
        raise Unsupported(f"the driver {driver.name!r} cannot carry out {what}: it does not offer {_names(lacking)}")
    if isinstance(strategy, Canary) and strategy.baseline and Platform in driver.offers:
        raise Unsupported(
            f"the driver {driver.name!r} cannot give a canary a baseline: what a pod answers does not say whether it is"
            " one of the fresh ones"
        )


def check_rebuild(strategy: Strategy, change: Change, environment: Environment) -> None:
    """Raises InvalidInput if a read model is to be built aside that nobody could look at, or switch."""
    if not (isinstance(strategy, BlueGreen) and strategy.rebuild):
        return
    projection = environment.projection
    if environment.events is None or projection is None or not (projection.rebuilt_query and projection.rebuilt_head):
        raise InvalidInput(
            f"environment {environment.name!r} does not say how a read model that is built aside is read: it needs "
            "[events], and rebuilt_query and rebuilt_head in [projection]"
        )
    version = resolve(environment, change.new)
    if lacking := [key for key in ("switch", "switch_back") if not getattr(version, key)]:
        raise InvalidInput(f"version {change.new!r} has no command {lacking[0]!r} for its read model")


def check_load(load: Load, driver: type[Driver]) -> None:
    """Raises Unsupported if the driver has no place for the load's workers."""
    if load.where is LoadWhere.CLUSTER and LoadPlace not in driver.offers:
        raise Unsupported(f'the driver {driver.name!r} has no cluster to send the load from; write where = "here"')


def check_replay(replay: Replay, environment: Environment) -> None:
    """Raises InvalidInput if nothing could be replayed."""
    if not environment.readers:
        raise InvalidInput(f"environment {environment.name!r} has no [[readers]] to replay anything through")
    for recording in replay.recordings:
        if not recording.exists():
            raise InvalidInput(f"there is no recording {recording}")


def check_direct(direct: Direct, environment: Environment, driver: type[Driver]) -> None:
    """Raises InvalidInput if there is nothing to ask for, and Unsupported if instances come and go unasked."""
    if not direct.path_in(environment):
        raise InvalidInput(f"environment {environment.name!r} has no smoke_paths; say which path is asked for")
    if direct.path and not direct.path.startswith("/"):
        raise InvalidInput(f"{direct.path!r} is no path: it begins with a slash")
    if Platform in driver.offers:
        raise Unsupported(
            f"the driver {driver.name!r} does not say before a pod goes that it will, so that its refusal says nothing"
        )


def _names(capabilities: frozenset[type]) -> str:
    return ", ".join(sorted(capability.__name__ for capability in capabilities))


def check_offered(fault: Fault, driver: type[Driver]) -> None:
    """Raises Unsupported if the driver cannot do it."""
    needs_too: frozenset[type] = getattr(fault, "needs_too", frozenset())
    lacking = (fault.needs | needs_too) - driver.offers
    if not lacking:
        return
    message = f"the driver {driver.name!r} cannot break {fault.target}: it does not offer {_names(lacking)}"
    reasons: Mapping[type, str] = getattr(driver, "lacks", {})
    message += "".join(f"; {reason}" for reason in dict.fromkeys(reasons[each] for each in lacking & reasons.keys()))
    raise Unsupported(message)


def check_target(fault: Fault, environment: Environment) -> None:
    """Raises InvalidInput if the environment has no such thing to break; faults of others find out when they act."""
    match fault:
        case LinkFault(service=service, store=store):
            _check_link(service, store, environment)
        case HttpAbort(version=version) | HttpDelay(version=version) if version:
            check_version(version, environment)
        case SlowStart(service=service) | SlowStop(service=service) | UngracefulStop(service=service):
            _check_service(service, environment)
        case StoreFault():
            _check_store(fault, environment)
        case Split():
            _check_split(fault, environment)
        case (
            Kill(target=target)
            | Pause(target=target)
            | CrashLoop(target=target)
            | OutOfFiles(target=target)
            | ClockSkew(target=target)
            | ClockJump(target=target)
            | Disconnect(target=target)
            | Limit(target=target)
            | Drain(target=target)
            | Cordon(target=target)
            | NodeStop(target=target)
            | NodePressure(target=target)
            | PodDelete(target=target)
            | ContainerKill(target=target)
            | OomKill(target=target)
            | EvictionStorm(target=target)
            | ProbeFlap(target=target)
        ):
            _check_instance(target, environment)
        case Partition(target=target, peer=peer):
            _check_instance(target, environment)
            _check_peer(peer, environment)


def _check_service(name: str, environment: Environment) -> Service:
    services = {each.name: each for each in environment.services}
    if name not in services:
        raise InvalidInput(f"environment {environment.name!r} has no service {name!r}; {nearest(name, services)}")
    return services[name]


def _check_store(fault: StoreFault, environment: Environment) -> None:
    stores = {each.name: each for each in environment.stores if fault.of_kind in {None, each.kind}}
    if fault.store not in stores:
        what = f"store of the kind {fault.of_kind}" if fault.of_kind else "store"
        known = nearest(fault.store, stores) if stores else "it has none"
        raise InvalidInput(f"environment {environment.name!r} has no {what} called {fault.store!r}; {known}")


def _check_link(service: str, store: str, environment: Environment) -> None:
    if store not in (links := _check_service(service, environment).links):
        raise InvalidInput(f"service {service!r} has no link to a store {store!r}; {nearest(store, links)}")


def _check_split(fault: Split, environment: Environment) -> None:
    """It parts somebody, of the instances that there are before the deployment."""
    if fault.service and fault.store:
        _check_link(fault.service, fault.store, environment)
    links = [
        Link(f"{service.name}-{number}", service.name, store, ("", 0))
        for service in environment.services
        for number in range(1, service.replicas + 1)
        for store in service.links
    ]
    for given, known, what in (
        (fault.service, {link.service for link in links}, "service with links"),
        (fault.store, {link.target for link in links}, "store that links lead to"),
    ):
        if given and given not in known:
            raise InvalidInput(f"there is no {what} called {given!r}; {nearest(given, known)}")
    try:
        fault.apart(links)
    except HarnessError as error:
        raise InvalidInput(str(error)) from error


def _check_peer(peer: str, environment: Environment) -> None:
    stores, services = environment.stores, environment.services
    known = [*(store.name for store in stores), *(service.name for service in services)]
    if peer not in known:
        raise InvalidInput(f"peer is a store or a service, and there is none called {peer!r}; {nearest(peer, known)}")


def _check_instance(target: str, environment: Environment) -> None:
    """An instance is its service's name and a number; which numbers are there changes with the deployment."""
    services = [service.name for service in environment.services]
    service, _, number = target.rpartition("-")
    if target not in services and not (service in services and number.isdecimal()):
        raise InvalidInput(
            f"no instance or service {target!r}; {nearest(target, services)} (an instance is e.g. {services[0]}-1)"
        )
