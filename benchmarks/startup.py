"""How long the driver `local` takes: from nothing to the first answered request, and back to nothing.

    python benchmarks/startup.py [--environment environments/ledger] [--runs 5]

The first run, which may have to prepare a data directory, is not counted. Prints the median of each phase in ms.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from harness.drivers.local import LocalDriver
from harness.environment import Environment
from harness.environment_file import read_environment
from harness.protocols import Workspace
from harness.supervisor import Supervisor, scratch_folder

START_MS_MAX = 4000
STOP_MS_MAX = 2000
START = ("supervisor", "servers", "services", "first request")
AGAIN = "services, stores reset"
STOP = ("stop services", "stop servers", "remove scratch")


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


def measure(environment: Environment, run_id: str) -> dict[str, float]:
    watch = Watch()
    version = environment.versions[0].name
    with workspace(run_id, watch) as space:
        with LocalDriver().open(environment, space) as site:
            watch.lap("servers")
            with site.start(version) as system:
                watch.lap("services")
                with urllib.request.urlopen(system.url + environment.routed.ready_path) as answer:
                    answer.read()
                watch.lap("first request")
            watch.lap("stop services")
            first = dict(watch.took_ms)
            watch.restart()
            with site.start(version):
                watch.lap(AGAIN)
            watch.restart()
        watch.lap("stop servers")
    return {**watch.took_ms, **first}


def report(runs: list[dict[str, float]]) -> str:
    phases: dict[str, list[float]] = defaultdict(list)
    for run in runs:
        for phase, took_ms in run.items():
            phases[phase].append(took_ms)
        phases["to the first request"].append(sum(run[phase] for phase in START))
        phases["to nothing left"].append(sum(run[phase] for phase in STOP))
    limits = {"to the first request": f"under {START_MS_MAX}", "to nothing left": f"under {STOP_MS_MAX}"}
    order = (*START, "to the first request", *STOP, "to nothing left", AGAIN)
    lines = [f"{'phase':<26}{'median':>8}{'least':>8}{'most':>8}  ms", "-" * 56]
    for phase in order:
        took = phases[phase]
        figures = f"{median(took):>8.0f}{min(took):>8.0f}{max(took):>8.0f}"
        lines.append(f"{phase:<26}{figures}  {limits.get(phase, '')}".rstrip())
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Times the driver local.")
    parser.add_argument("--environment", type=Path, default=Path("environments/ledger"))
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    environment = read_environment(arguments.environment)
    measure(environment, f"startup-{os.getpid()}-0")
    runs = [measure(environment, f"startup-{os.getpid()}-{number + 1}") for number in range(arguments.runs)]
    load = ", ".join(f"{average:.1f}" for average in os.getloadavg())
    print(f"{environment.name}, {arguments.runs} runs, {os.cpu_count()} cores ({platform.machine()}), load {load}\n")
    print(report(runs))


if __name__ == "__main__":
    main()
