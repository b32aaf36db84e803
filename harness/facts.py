"""What a saved history tells of its run, for whoever reads it without the scenario at hand."""

from __future__ import annotations

import os
import platform
import shlex
from datetime import datetime
from pathlib import Path

from harness import __version__, registry
from harness.history import RunFacts
from harness.scenario import LoadWhere, Scenario


def facts_of(scenario: Scenario, *, run_id: str, started_at: datetime, origin_ns: int, load_ends_ns: int) -> RunFacts:
    """`origin_ns` is the machine's monotonic clock when the load began; `load_ends_ns` counts from there."""
    environment = scenario.environment
    return RunFacts(
        run_id=run_id,
        scenario=scenario.name,
        summary=scenario.summary,
        environment=environment.name,
        driver=scenario.driver,
        strategy=registry.STRATEGIES.kind_of(scenario.strategy),
        old=scenario.change.old,
        new=scenario.change.new,
        ending=scenario.ending.value,
        seed=scenario.seed,
        command=repeat_command(scenario),
        started_at=started_at.isoformat(timespec="seconds"),
        origin_ns=origin_ns,
        load_ends_ns=load_ends_ns,
        rate_per_s=scenario.load.rate_per_s,
        faults=tuple(scheduled.name for scheduled in scenario.faults),
        steps=scenario.strategy.names(environment.routed.replicas),
        writes=tuple(operation.name for operation in environment.operations if operation.writes),
        conserves=tuple(operation.name for operation in environment.operations if operation.conserves),
        lasting=tuple(operation.name for operation in environment.operations if operation.lasting),
        replicas={service.name: service.replicas for service in environment.services},
        routed=environment.routed.name,
        harness_version=__version__,
        machine=machine(),
        remote_workers=scenario.load.workers if scenario.load.where is LoadWhere.CLUSTER else 0,
    )


def repeat_command(scenario: Scenario) -> str:
    """A command line that runs the same again, from the same folder; for a scenario built in Python, its name."""
    if scenario.source is None:
        return f"(built in Python) {scenario.name}, seed {scenario.seed}"
    file = _relative(scenario.source)
    words = ("harness", "run", file, "--from", scenario.change.old, "--to", scenario.change.new)
    rate = () if scenario.load.shape else ("--rate", f"{scenario.load.rate_per_s:g}")
    return shlex.join((*words, "--seed", str(scenario.seed), "--driver", scenario.driver, *rate))


def machine() -> str:
    """What it ran on, without what would name the machine."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def _relative(file: Path) -> str:
    try:
        return str(file.relative_to(Path.cwd()))
    except ValueError:
        return str(file)
