"""How long each driver takes: from nothing to the first answered request, through a deployment, and back to nothing.

    python -m benchmarks.startup [--driver local --driver containers] [--environment environments/ledger] [--runs N]

Without --driver: all that this machine can run. The first run, which may have to prepare a data directory or build
images, is not counted. Prints the median of each phase in ms, a table a driver, and one over all. kind makes a cluster
for each run where none is kept (`harness cluster up`); what it prints says which it was.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median

from harness import registry
from harness.environment import Environment
from harness.environment_file import read_environment
from harness.errors import HarnessError
from harness.protocols import Driver, System, Workspace
from harness.supervisor import Supervisor, scratch_folder
from harness.versions import resolve
from harness.waiting import until

RUNS: Mapping[str, int] = {"local": 5, "containers": 5, "kind": 2}
RUNS_OF_OTHERS = 5
START = ("supervisor", "servers", "services", "first request")
AGAIN = "services, stores reset"
DEPLOY = "replace one instance after the other"
STOP = ("stop services", "stop servers", "remove scratch")
OPEN, UP, DOWN = "environment up", "to the first request", "to nothing left"
LIMITS_MS: Mapping[str, Mapping[str, int]] = {
    "local": {UP: 4000, DOWN: 2000},
    "containers": {UP: 12000},
    "kind": {UP: 90000},
}
READY_S_MAX = 30.0


class Watch:
    """Notes how long each phase took since the one before."""

    def __init__(self) -> None:
        self.took_ms: dict[str, float] = {}
        self.restart()

    def restart(self) -> None:
        self._since = time.monotonic()

    def lap(self, phase: str) -> None:
        now = time.monotonic()
        self.took_ms[phase] = (now - self._since) * 1000
        self._since = now


@contextmanager
def workspace(run_id: str, watch: Watch) -> Iterator[Workspace]:
    with tempfile.TemporaryDirectory() as logs:
        watch.restart()
        with Supervisor(run_id, scratch_folder(run_id)) as supervisor:
            watch.lap("supervisor")
            yield Workspace(run_id, scratch_folder(run_id), Path(logs), supervisor, seed=1)
        watch.lap("remove scratch")


def deploy(system: System, version: str) -> None:
    """As a rolling deployment does it, without its watches: start, await, route, stop; one after the other."""
    if command := resolve(system.environment, version).expand:
        system.migrate(command, version)
    routed = [instance for instance in system.instances() if instance.service == system.environment.routed.name]
    for number, old in enumerate(routed, start=1):
        new = system.add(old.service, version)
        if not until(partial(system.ready, new.name), READY_S_MAX):
            raise HarnessError(f"{new.name} was not ready within {READY_S_MAX:g} s")
        system.route({old.version: len(routed) - number, version: number})
        system.remove(old.name)


def measure(driver: Driver, environment: Environment, run_id: str) -> dict[str, float]:
    watch = Watch()
    old, new = (version.name for version in environment.versions[:2])
    with workspace(run_id, watch) as space:
        with driver.open(environment, space) as site:
            watch.lap("servers")
            with site.start(old) as system:
                watch.lap("services")
                with urllib.request.urlopen(system.url + environment.routed.ready_path) as answer:
                    answer.read()
                watch.lap("first request")
            watch.lap("stop services")
            first = dict(watch.took_ms)
            watch.restart()
            with site.start(old) as system:
                watch.lap(AGAIN)
                deploy(system, new)
                watch.lap(DEPLOY)
            watch.restart()
        watch.lap("stop servers")
    took_ms = {**watch.took_ms, **first}
    sums = {OPEN: START[:-1], UP: START, DOWN: STOP}
    return took_ms | {name: sum(took_ms[phase] for phase in phases) for name, phases in sums.items()}


def by_phase(runs: list[dict[str, float]]) -> Mapping[str, list[float]]:
    phases: dict[str, list[float]] = defaultdict(list)
    for run in runs:
        for phase, took_ms in run.items():
            phases[phase].append(took_ms)
    return phases


def report(driver: str, title: str, phases: Mapping[str, list[float]]) -> str:
    lines = [title, f"{'':<40}{'median':>8}{'least':>8}{'most':>8}  ms", "-" * 70]
    for phase in (*START, UP, AGAIN, DEPLOY, *STOP, DOWN):
        took = phases[phase]
        limit = LIMITS_MS.get(driver, {}).get(phase)
        figures = f"{median(took):>8.0f}{min(took):>8.0f}{max(took):>8.0f}"
        lines.append(f"{phase:<40}{figures}  {f'under {limit}' if limit else ''}".rstrip())
    return "\n".join(lines)


def overview(drivers: Mapping[str, Mapping[str, list[float]]]) -> str:
    columns = {OPEN: OPEN, UP: "first request", DEPLOY: "deploy", DOWN: "down"}
    lines = [f"{'driver':<14}{''.join(f'{column:>16}' for column in columns.values())}  s, median", "-" * 89]
    for driver, phases in drivers.items():
        lines.append(f"{driver:<14}{''.join(f'{median(phases[phase]) / 1000:>16.1f}' for phase in columns)}")
    return "\n".join(lines)


def title_of(driver: str) -> str:
    """With what else its figures depend on."""
    if driver != "kind":
        return driver
    from harness.drivers.kubernetes.cluster import kind  # noqa: PLC0415  it is loaded already, if it can be

    kept = next((cluster.name for cluster in kind.clusters() if cluster.kept), None)
    return f"kind, in the kept cluster {kept}" if kept else "kind, each run in a cluster of its own"


def missed(driver: str, phases: Mapping[str, list[float]]) -> bool:
    return any(median(phases[phase]) > limit for phase, limit in LIMITS_MS.get(driver, {}).items())


def main() -> int:
    parser = argparse.ArgumentParser(description="Times drivers.")
    parser.add_argument("--driver", action="append", dest="drivers")
    parser.add_argument("--environment", type=Path, default=Path("environments/ledger"))
    parser.add_argument("--runs", type=int, help="default: as many as a driver has time for")
    arguments = parser.parse_args()
    environment = read_environment(arguments.environment)
    load = ", ".join(f"{average:.1f}" for average in os.getloadavg())
    print(f"{environment.name}, {os.cpu_count()} cores ({platform.machine()}), load {load}\n")
    measured: dict[str, Mapping[str, list[float]]] = {}
    for name in arguments.drivers or RUNS:
        prefix = f"startup-{os.getpid()}-{name}"
        try:
            driver = registry.DRIVERS.find(name)()
            measure(driver, environment, f"{prefix}-0")
        except HarnessError as error:
            if arguments.drivers:
                raise
            print(f"{name}: left out: {error}\n")
            continue
        runs = arguments.runs or RUNS.get(name, RUNS_OF_OTHERS)
        measured[name] = by_phase([measure(driver, environment, f"{prefix}-{number + 1}") for number in range(runs)])
        print(f"{report(name, f'{title_of(name)}, {runs} runs', measured[name])}\n")
    print(overview(measured))
    return int(any(missed(name, phases) for name, phases in measured.items()))


if __name__ == "__main__":
    raise SystemExit(main())
