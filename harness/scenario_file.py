"""Scenarios from TOML, strictly: docs/scenarios.md describes every key. Whatever could not work is refused here,
with file and line, before anything is started.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from harness import registry, scenario_check
from harness.checkers import default_checkers
from harness.environment import Environment
from harness.environment_file import find_environment
from harness.errors import InvalidInput
from harness.protocols import Checker, Driver, Strategy
from harness.registry import Group
from harness.scenario import Change, Load, Replay, Scenario, ScheduledFault, Slo, Window
from harness.toml_reader import Table, nearest
from harness.toml_values import amend, build, options

T = TypeVar("T")

WINDOW = ("at", "at_s", "after_s", "for_s")
AIMS = ("target", "store", "service", "version")
"""By which a fault says what it breaks."""
OWN = ("environment", "driver", "change", "strategy", "load", "fault", "slo", "replay", "checkers")
"""Keys that are read here; all others are fields of Scenario."""


@dataclass(frozen=True)
class Overrides:
    """What a command line says instead of the file; None leaves the file's word."""

    driver: str | None = None
    seed: int | None = None
    old: str | None = None
    new: str | None = None
    rate_per_s: float | None = None


def read_scenario(path: Path, overrides: Overrides = Overrides()) -> Scenario:
    """Raises InvalidInput, and Unsupported for what the driver cannot do."""
    path = path.resolve()
    table = Table.read(path)
    environment = _environment(table)
    driver = _driver(table, overrides)
    strategy = _strategy(table, driver)
    slo = build(Slo, table.table("slo"))
    replay = _replay(table, environment)
    scenario = build(
        Scenario,
        table,
        aside=OWN,
        environment=environment,
        driver=driver.name,
        change=_change(table, environment, overrides),
        strategy=strategy,
        load=_loaded(_load(table, driver), overrides),
        slo=slo,
        replay=replay,
        faults=tuple(_faults(table, environment, strategy, driver)),
        checkers=_checkers(table, default_checkers(environment, slo, replay)),
        source=path,
    )
    with table.blame("abort"):
        scenario_check.check_step(scenario.abort, _steps(strategy, environment))
    return scenario if overrides.seed is None else replace(scenario, seed=overrides.seed)


def overridden(scenario: Scenario, overrides: Overrides) -> Scenario:
    """The same for a scenario that was built in Python, checked as one from a file is."""
    changed = replace(
        scenario,
        driver=scenario.driver if overrides.driver is None else overrides.driver,
        seed=scenario.seed if overrides.seed is None else overrides.seed,
        change=_changed(scenario.change, overrides),
        load=_loaded(scenario.load, overrides),
    )
    scenario_check.check(changed, registry.DRIVERS.find(changed.driver))
    return changed


def _environment(table: Table) -> Environment:
    name = table.text("environment")
    with table.blame("environment"):
        return find_environment(name, table.file.parent)


def _driver(table: Table, overrides: Overrides) -> type[Driver]:
    if overrides.driver is not None:
        return registry.DRIVERS.find(overrides.driver)
    name = table.text("driver", "local")
    with table.blame("driver"):
        return registry.DRIVERS.find(name)


def _change(table: Table, environment: Environment, overrides: Overrides) -> Change:
    inner = table.table("change")
    change = build(Change, inner)
    changed = _changed(change, overrides)
    if changed != change:
        scenario_check.check_change(changed, environment)
    for key in ("old", "new"):
        with inner.blame(key):
            scenario_check.check_version(getattr(changed, key), environment)
    with inner.blame("new"):
        scenario_check.check_change(changed, environment)
    return changed


def _changed(change: Change, overrides: Overrides) -> Change:
    return Change(
        change.old if overrides.old is None else overrides.old, change.new if overrides.new is None else overrides.new
    )


def _strategy(table: Table, driver: type[Driver]) -> Strategy:
    inner = table.table("strategy")
    strategy = _named(registry.STRATEGIES, inner)
    with inner.blame("kind"):
        scenario_check.check_strategy(strategy, driver)
    return strategy


def _named(group: Group[T], table: Table, aside: tuple[str, ...] = ()) -> T:
    """What the table's `kind` names, with the options that the table gives it.

    A class that does several kinds has a field `kind`, and is told by which it was named.
    """
    kind = table.text("kind")
    with table.blame("kind"):
        cls = group.find(kind)
    told = {"kind": kind} if "kind" in (option.name for option in options(cls)) else {}
    return build(cls, table, aside=("kind", *aside), **told)


def _load(table: Table, driver: type[Driver]) -> Load:
    inner = table.table("load")
    load = build(Load, inner)
    with inner.blame("where"):
        scenario_check.check_load(load, driver)
    if not load.locustfile.is_file():
        raise inner.error(f"no file {load.locustfile}", "locustfile")
    with_user = _defined(load.locustfile, inner)
    if load.user not in with_user:
        raise inner.error(f"{load.locustfile.name} has no user {load.user!r}; {nearest(load.user, with_user)}", "user")
    return load


def _loaded(load: Load, overrides: Overrides) -> Load:
    """Raises InvalidInput where the rate that is asked for would have no effect."""
    if overrides.rate_per_s is None:
        return load
    if load.shape:
        raise InvalidInput("the load has a shape, so no one rate can be given in its place", file=load.locustfile)
    return replace(load, rate_per_s=overrides.rate_per_s)


def _defined(locustfile: Path, table: Table) -> tuple[str, ...]:
    """Names of classes at the top of a locustfile. It is not imported: that would patch this process."""
    try:
        module = ast.parse(locustfile.read_bytes(), locustfile)
    except SyntaxError as error:
        raise table.error(f"{locustfile}:{error.lineno}: {error.msg}", "locustfile") from error
    classes = [node.name for node in module.body if isinstance(node, ast.ClassDef)]
    imports = [alias for node in module.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    return (*classes, *(alias.asname or alias.name for alias in imports))


def _faults(
    table: Table, environment: Environment, strategy: Strategy, driver: type[Driver]
) -> Iterator[ScheduledFault]:
    steps = _steps(strategy, environment)
    seen: set[str] = set()
    for inner in table.tables("fault"):
        window = _window(inner, steps)
        fault = _named(registry.FAULTS, inner, (*WINDOW, "name"))
        name = inner.text("name", f"{inner.text('kind')} {fault.target}")
        if name in seen:
            raise inner.error(f"two faults are called {name!r}; give this one a name of its own", "name")
        seen.add(name)
        with inner.blame("kind"):
            scenario_check.check_offered(fault, driver)
        with inner.blame(next((key for key in AIMS if key in inner), "kind")):
            scenario_check.check_target(fault, environment)
        yield ScheduledFault(name, fault, window)


def _window(table: Table, steps: tuple[str, ...]) -> Window:
    if ("at" in table) == ("at_s" in table):
        raise table.error(
            "a fault starts either at a step (at) or at a second (at_s); give exactly one of them", "at_s"
        )
    at_step = table.text("at") if "at" in table else None
    at_s = table.number("at_s") if "at_s" in table else None
    with table.blame("at"):
        scenario_check.check_step(at_step or "", steps)
    for_s, after_s = table.number("for_s"), table.number("after_s", 0.0)
    try:
        return Window(for_s, at_s, at_step, after_s)
    except ValueError as error:
        field, _, rest = str(error).partition(" ")
        key = "for_s" if field == "duration_s" else field
        raise table.error(f"{key} {rest}", key) from error


def _replay(table: Table, environment: Environment) -> Replay | None:
    if "replay" not in table:
        return None
    inner = table.table("replay")
    replay = build(Replay, inner)
    with inner.blame("recordings"):
        scenario_check.check_replay(replay, environment)
    return replay


def _checkers(table: Table, applicable: tuple[Checker, ...]) -> tuple[Checker, ...]:
    """Those that apply, but the excluded; with the options that the file gives instead of what `slo` says."""
    inner = table.table("checkers")
    chosen = {checker.name: checker for checker in applicable}
    for name in inner.texts("exclude", ()):
        if chosen.pop(name, None) is None:
            raise inner.error(f"no checker {name!r} would judge this; {nearest(name, chosen)}", "exclude")
    for kind in inner.names():
        if kind == "exclude":
            continue
        if kind in chosen:
            chosen[kind] = amend(chosen[kind], inner.table(kind))
        else:
            chosen[kind] = _checker(kind, inner)
    return tuple(chosen.values())


def _checker(kind: str, table: Table) -> Checker:
    with table.blame(kind):
        cls = registry.CHECKERS.find(kind)
    return build(cls, table.table(kind))


def _steps(strategy: Strategy, environment: Environment) -> tuple[str, ...]:
    return strategy.names(environment.routed.replicas)
