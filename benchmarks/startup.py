"""How long each driver takes: from nothing to the first answered request, through a deployment, and back to nothing.

    python -m benchmarks.startup [--driver local --driver containers] [--environment environments/ledger] [--runs 5]

Without --driver: all that this machine can run. The first run, which may have to prepare a data directory or build
images, is not counted. Prints the median of each phase in ms, a table a driver, and one over all.
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

DRIVERS = ("local", "containers")
START = ("supervisor", "servers", "services", "first request")
AGAIN = "services, stores reset"
DEPLOY = "replace one instance after the other"
STOP = ("stop services", "stop servers", "remove scratch")
UP, DOWN = "to the first request", "to nothing left"
LIMITS_MS: Mapping[str, Mapping[str, int]] = {
    "local": {UP: 4000, DOWN: 2000},
    "containers": {UP: 12000},
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
        until(lambda name=new.name: system.ready(name), READY_S_MAX)  # type: ignore[misc]
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
    return {**took_ms, UP: sum(took_ms[phase] for phase in START), DOWN: sum(took_ms[phase] for phase in STOP)}


def by_phase(runs: list[dict[str, float]]) -> Mapping[str, list[float]]:
    phases: dict[str, list[float]] = defaultdict(list)
    for run in runs:
        for phase, took_ms in run.items():
            phases[phase].append(took_ms)
    return phases


def report(driver: str, phases: Mapping[str, list[float]]) -> str:
    lines = [f"{driver:<40}{'median':>8}{'least':>8}{'most':>8}  ms", "-" * 70]
    for phase in (*START, UP, AGAIN, DEPLOY, *STOP, DOWN):
        took = phases[phase]
        limit = LIMITS_MS.get(driver, {}).get(phase)
        figures = f"{median(took):>8.0f}{min(took):>8.0f}{max(took):>8.0f}"
        lines.append(f"{phase:<40}{figures}  {f'under {limit}' if limit else ''}".rstrip())
    return "\n".join(lines)


def overview(drivers: Mapping[str, Mapping[str, list[float]]]) -> str:
    lines = [f"{'driver':<14}{'up':>10}{'deploy':>10}{'down':>10}  s, median", "-" * 55]
    for driver, phases in drivers.items():
        up, change, down = (median(phases[phase]) / 1000 for phase in (UP, DEPLOY, DOWN))
        lines.append(f"{driver:<14}{up:>10.1f}{change:>10.1f}{down:>10.1f}")
    return "\n".join(lines)


def missed(driver: str, phases: Mapping[str, list[float]]) -> bool:
    return any(median(phases[phase]) > limit for phase, limit in LIMITS_MS.get(driver, {}).items())


def main() -> int:
    parser = argparse.ArgumentParser(description="Times drivers.")
    parser.add_argument("--driver", action="append", dest="drivers")
    parser.add_argument("--environment", type=Path, default=Path("environments/ledger"))
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    environment = read_environment(arguments.environment)
    load = ", ".join(f"{average:.1f}" for average in os.getloadavg())
    print(f"{environment.name}, {arguments.runs} runs, {os.cpu_count()} cores ({platform.machine()}), load {load}\n")
    measured: dict[str, Mapping[str, list[float]]] = {}
    for name in arguments.drivers or DRIVERS:
        prefix = f"startup-{os.getpid()}-{name}"
        try:
            driver = registry.DRIVERS.find(name)()
            measure(driver, environment, f"{prefix}-0")
        except HarnessError as error:
            if arguments.drivers:
                raise
            print(f"{name}: left out: {error}\n")
            continue
        runs = [measure(driver, environment, f"{prefix}-{number + 1}") for number in range(arguments.runs)]
        measured[name] = by_phase(runs)
        print(f"{report(name, measured[name])}\n")
    print(overview(measured))
    return int(any(missed(name, phases) for name, phases in measured.items()))


if __name__ == "__main__":
    raise SystemExit(main())
