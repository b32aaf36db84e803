"""Scenarios from TOML, strictly: docs/scenarios.md describes every key. Whatever could not work is refused here,
with file and line, before anything is started.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from harness import registry, scenario_check
from harness.checkers import default_checkers
from harness.environment import Environment
from harness.environment_file import find_environment
from harness.errors import InvalidInput
from harness.faults.selection import may_be_chosen
from harness.protocols import Checker, Driver, Fault, Strategy
from harness.registry import Group
from harness.scenario import Change, Direct, DirectWrite, Load, Replay, Scenario, Slo
from harness.toml_reader import Table, nearest
from harness.toml_values import amend, build, convert, options
from harness.windows import Condition, ScheduledFault, Selection, Window

T = TypeVar("T")

WINDOW: Mapping[str, tuple[str, type]] = {
    "at": ("at_step", str),
    "at_s": ("at_s", float),
    "when": ("when", Condition),
    "after_s": ("after_s", float),
    "for_s": ("duration_s", float),
    "until": ("until_step", str),
    "until_when": ("until_when", Condition),
    "times": ("times", int),
    "pause_s": ("pause_s", float),
}
"""Keys of a fault that say when it acts; the field of Window that each sets, and its type."""
BEGINNINGS, ENDS = ("at", "at_s", "when"), ("for_s", "until", "until_when")
AIMS = ("target", "store", "service", "version")
"""By which a fault says what it breaks."""
OWN = ("environment", "driver", "change", "strategy", "load", "fault", "slo", "replay", "direct", "checkers")
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
        direct=_direct(table, environment, driver),
        faults=tuple(_faults(table, environment, strategy, driver)),
        checkers=_checkers(table, default_checkers(environment, slo, replay)),
        source=path,
    )
    with table.table("strategy").blame("rebuild"):
        scenario_check.check_rebuild(strategy, scenario.change, environment)
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


def _named(group: Group[T], table: Table, aside: tuple[str, ...] = (), **given: object) -> T:
    """What the table's `kind` names, with the options that the table gives it.

    A class that does several kinds has a field `kind`, and is told by which it was named.
    """
    kind = table.text("kind")
    with table.blame("kind"):
        cls = group.find(kind)
    told = {"kind": kind} if "kind" in (option.name for option in options(cls)) else {}
    return build(cls, table, aside=("kind", *aside, *given), **told, **given)


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
        window = _window(inner)
        with inner.blame("at"):
            scenario_check.check_step(window.at_step or "", steps)
        with inner.blame("until"):
            scenario_check.check_end(window, steps)
        for key, condition in (("when", window.when), ("until_when", window.until_when)):
            with inner.blame(key):
                scenario_check.check_condition(condition, environment)
        selection, fault = _aimed(inner)
        name = inner.text("name", f"{inner.text('kind')} {selection or fault.target}")
        if name in seen:
            raise inner.error(f"two faults are called {name!r}; give this one a name of its own", "name")
        seen.add(name)
        scheduled = ScheduledFault(name, fault, window, selection)
        with inner.blame("kind"):
            scenario_check.check_offered(fault, driver)
        with inner.blame(next((key for key in AIMS if key in inner), "kind")):
            scenario_check.check_aim(scheduled, environment)
        yield scheduled


def _aimed(table: Table) -> tuple[Selection | None, Fault]:
    """The fault, and whom it strikes if its target is a table."""
    if "target" not in table or isinstance(table.value("target"), str):
        return None, _named(registry.FAULTS, table, (*WINDOW, "name"))
    with table.blame("kind"):
        cls = registry.FAULTS.find(table.text("kind"))
    if not may_be_chosen(cls):
        return None, _named(registry.FAULTS, table, (*WINDOW, "name"))  # which refuses the key
    selection = build(Selection, table.table("target"))
    return selection, _named(registry.FAULTS, table, (*WINDOW, "name"), target=str(selection))


def _window(table: Table) -> Window:
    began, ended = (tuple(key for key in keys if key in table) for keys in (BEGINNINGS, ENDS))
    if len(began) != 1:
        raise table.error(
            "a fault starts either at a step (at), at a second (at_s) or when a condition holds (when); "
            "give exactly one of them",
            next(iter(began[1:]), None),
        )
    if len(ended) != 1:
        raise table.error(
            "a fault ends either after a time (for_s), at a step (until) or when a condition holds (until_when); "
            "give exactly one of them",
            next(iter(ended[1:]), None),
        )
    values = {field: _read(table, key, kind) for key, (field, kind) in WINDOW.items() if key in table}
    try:
        return Window(**values)  # type: ignore[arg-type]
    except ValueError as error:
        field, _, rest = str(error).partition(" ")
        key = next((key for key, (name, _) in WINDOW.items() if name == field), field)
        raise table.error(f"{key} {rest}", key) from error


def _replay(table: Table, environment: Environment) -> Replay | None:
    if "replay" not in table:
        return None
    inner = table.table("replay")
    replay = build(Replay, inner)
    with inner.blame("recordings"):
        scenario_check.check_replay(replay, environment)
    return replay


def _direct(table: Table, environment: Environment, driver: type[Driver]) -> Direct | None:
    if "direct" not in table:
        return None
    inner = table.table("direct")
    write = build(DirectWrite, inner.table("write")) if "write" in inner else None
    direct = build(Direct, inner, aside=("write",), write=write)
    with inner.blame("path"):
        scenario_check.check_direct(direct, environment, driver)
    return direct


def _read(table: Table, key: str, kind: type) -> object:
    return convert(table.value(key), kind, table, key)


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
