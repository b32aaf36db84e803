"""Load generators, ours and others', each started so that it can be measured: on one core, 50 connections."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import psutil
from numpy.typing import NDArray

from benchmarks.load_servers import running
from harness.load.children import Child, Children
from harness.load.engine import start_load
from harness.load.records import Outcome
from harness.protocols import Command
from harness.scenario import Arrivals, Load
from harness.servers import cache_folder

CLIENT_CORE = 0
CONNECTIONS = 50
_LONG_S = 3600.0

_GO_TOOLS = {
    "vegeta": "github.com/tsenart/vegeta/v12@v12.13.0",
    "k6": "go.k6.io/k6@v1.8.1",
}
_LOCUSTFILE = """
from locust import {user}, constant, constant_throughput, task

class U({user}):
    wait_time = {wait}

    @task
    def load(self):
        self.client.{verb}("/")
"""
_K6_SCRIPT = """
import http from 'k6/http';
export const options = {options};
export default function () {{ http.{verb}('{url}/'); }}
"""
_OURS = """
from harness.load.open_loop import OpenLoopUser, operation

class U(OpenLoopUser):
    lanes = {{"kept": 1}}

    @operation()
    def load(self):
        self.request({method!r}, "/")
"""


class Generator(Protocol):
    @property
    def name(self) -> str: ...

    def flat_out(self, url: str) -> AbstractContextManager[int]:
        """Sends as fast as it can; the process id."""

    def reported(self, url: str, method: str, rate_per_s: int, duration_s: int) -> int | None:
        """How many requests it says went wrong; None: it cannot do this."""


class PinnedChildren(Children):
    """Ours, on the core where all generators run."""

    def __init__(self) -> None:
        self.pids: list[int] = []

    def spawn(self, command: Command) -> Child:
        child = super().spawn(command)
        psutil.Process(child.pid).cpu_affinity([CLIENT_CORE])
        self.pids.append(child.pid)
        return child


class Harness:
    name = "rollproof"

    def __init__(self, rate_per_s: float) -> None:
        """`rate_per_s`: what `flat_out` asks for."""
        self.rate_per_s = rate_per_s

    @contextmanager
    def flat_out(self, url: str) -> Iterator[int]:
        with tempfile.TemporaryDirectory() as folder:
            children = PinnedChildren()
            load = _our_load(Path(folder), "GET", self.rate_per_s, CONNECTIONS, _LONG_S)
            with start_load(load, children, Path(folder), Path(folder), seed=1) as started:
                started.prepare(url)
                started.begin()
                yield children.pids[0]

    def reported(self, url: str, method: str, rate_per_s: int, duration_s: int) -> int:
        requests, _ = flow(url, rate_per_s, duration_s, method=method)
        return int(np.count_nonzero(requests["outcome"] != Outcome.OK))


def flow(
    url: str,
    rate_per_s: float,
    duration_s: float,
    *,
    method: str = "GET",
    arrivals: Arrivals = Arrivals.POISSON,
    users: int = CONNECTIONS,
) -> tuple[NDArray[np.void], list[tuple[int, int]]]:
    """All requests of one load of ours, and its stalls."""
    with tempfile.TemporaryDirectory() as folder:
        load = _our_load(Path(folder), method, rate_per_s, users, 5.0, arrivals)
        with start_load(load, PinnedChildren(), Path(folder), Path(folder), seed=1) as started:
            started.prepare(url)
            started.end(started.begin() + int(duration_s * 1e9))
            return started.records().all(), started.stalls()


def _our_load(
    folder: Path, method: str, rate_per_s: float, users: int, timeout_s: float, arrivals: Arrivals = Arrivals.POISSON
) -> Load:
    (folder / "locustfile.py").write_text(_OURS.format(method=method))
    return Load(folder / "locustfile.py", "U", rate_per_s, arrivals, users=users, timeout_s=timeout_s)


@dataclass(frozen=True)
class Wrk:
    program: str
    name: str = "wrk"

    def flat_out(self, url: str) -> AbstractContextManager[int]:
        return _pid([self.program, "-t1", f"-c{CONNECTIONS}", "-d60s", f"{url}/"])

    def reported(self, url: str, method: str, rate_per_s: int, duration_s: int) -> None:
        return None


@dataclass(frozen=True)
class LocustUser:
    name: str

    @contextmanager
    def flat_out(self, url: str) -> Iterator[int]:
        with tempfile.TemporaryDirectory() as folder:
            argv = self._argv(Path(folder), url, "get", "constant(0)", CONNECTIONS)
            with _pid([*argv, "-t", "60s"]) as pid:
                yield pid

    def reported(self, url: str, method: str, rate_per_s: int, duration_s: int) -> int:
        users = 10
        with tempfile.TemporaryDirectory() as folder:
            wait = f"constant_throughput({rate_per_s / users})"
            argv = self._argv(Path(folder), url, method.lower(), wait, users)
            done = subprocess.run(
                [*argv, "-t", f"{duration_s}s", "--json"], capture_output=True, text=True, check=False
            )
        return int(sum(entry["num_failures"] for entry in json.loads(done.stdout)))

    def _argv(self, folder: Path, url: str, verb: str, wait: str, users: int) -> list[str]:
        file = folder / "locustfile.py"
        file.write_text(_LOCUSTFILE.format(user=self.name, verb=verb, wait=wait))
        return [
            *(sys.executable, "-m", "locust", "-f", str(file), "--headless", "-H", url, "-u", str(users)),
            *("-r", str(users), "--only-summary", "-L", "CRITICAL"),
        ]


@dataclass(frozen=True)
class Vegeta:
    program: str
    name: str = "vegeta"

    def flat_out(self, url: str) -> AbstractContextManager[int]:
        return _pid(
            [self.program, "attack", *self._targets(url, "GET"), "-rate=0", "-duration=60s", "-output=/dev/null"]
        )

    def reported(self, url: str, method: str, rate_per_s: int, duration_s: int) -> int:
        attack = [
            self.program,
            "attack",
            *self._targets(url, method),
            f"-rate={rate_per_s}",
            f"-duration={duration_s}s",
        ]
        results = subprocess.run(attack, capture_output=True, check=True).stdout
        report = subprocess.run([self.program, "report", "-type=json"], input=results, capture_output=True, check=True)
        codes: dict[str, int] = json.loads(report.stdout)["status_codes"]
        return sum(count for code, count in codes.items() if code != "200")

    def _targets(self, url: str, method: str) -> list[str]:
        with tempfile.NamedTemporaryFile("w", suffix=".targets", delete=False) as file:
            file.write(f"{method} {url}/\n")
        return [f"-targets={file.name}", f"-max-workers={CONNECTIONS}", f"-workers={CONNECTIONS}"]


@dataclass(frozen=True)
class K6:
    program: str
    name: str = "k6"

    @contextmanager
    def flat_out(self, url: str) -> Iterator[int]:
        with tempfile.TemporaryDirectory() as folder:
            script = self._script(Path(folder), url, "get", {"vus": CONNECTIONS, "duration": "60s"})
            with _pid([self.program, "run", "--quiet", "--no-usage-report", str(script)]) as pid:
                yield pid

    def reported(self, url: str, method: str, rate_per_s: int, duration_s: int) -> int:
        arrivals = {
            "executor": "constant-arrival-rate",
            "rate": rate_per_s,
            "duration": f"{duration_s}s",
            "preAllocatedVUs": CONNECTIONS,
        }
        with tempfile.TemporaryDirectory() as folder:
            script = self._script(Path(folder), url, method.lower(), {"scenarios": {"all": arrivals}})
            summary = Path(folder) / "summary.json"
            argv = [self.program, "run", "--quiet", "--no-usage-report", "--summary-export", str(summary), str(script)]
            subprocess.run(argv, capture_output=True, check=True)
            # Of this rate, k6 counts what is true as passes: a pass is a failed request.
            return int(json.loads(summary.read_text())["metrics"]["http_req_failed"]["passes"])

    def _script(self, folder: Path, url: str, verb: str, options: object) -> Path:
        file = folder / "script.js"
        file.write_text(_K6_SCRIPT.format(options=json.dumps(options), verb=verb, url=url))
        return file


def others() -> tuple[list[Generator], list[str]]:
    """Those that are on this machine, and notes on those that are not."""
    found: list[Generator] = []
    notes = []
    if wrk := shutil.which("wrk"):
        found.append(Wrk(wrk))
    else:
        notes.append("wrk is not on the PATH (apt-get install wrk): no ratios")
    for name, generator in (("vegeta", Vegeta), ("k6", K6)):
        if program := _go_tool(name):
            found.append(generator(program))
        else:
            notes.append(f"{name} is not on the PATH, and there is no Go to build it with")
    return [*found, LocustUser("FastHttpUser"), LocustUser("HttpUser")], notes


def _go_tool(name: str) -> str | None:
    """From the PATH, or built once into the cache."""
    folder = cache_folder() / "benchmark-tools"
    if program := shutil.which(name) or shutil.which(name, path=str(folder)):
        return program
    if not (go := shutil.which("go")):
        return None
    print(f"building {_GO_TOOLS[name]} …", file=sys.stderr)
    subprocess.run([go, "install", _GO_TOOLS[name]], env={**os.environ, "GOBIN": str(folder)}, check=True)
    return str(folder / name)


@contextmanager
def _pid(argv: list[str]) -> Iterator[int]:
    with running(argv, CLIENT_CORE) as process:
        yield process.pid  # taskset has become the program


def version(program: str) -> str:
    """What a generator calls itself; empty if it does not say."""
    for flag in ("--version", "-v", "version"):
        said = subprocess.run([program, flag], capture_output=True, text=True, check=False)
        if match := re.search(r"v?\d+\.\d+(\.\d+)?", said.stdout + said.stderr):
            return match[0]
    return ""
