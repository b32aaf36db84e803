"""The parent's side of a load: starts workers, tells them when, reads what they record. Imports nothing of gevent.

with start_load(load, spawner, folder, seed=7, headers=headers, writes=("transfer",)) as running:
    running.prepare(url)                          # the workers have been importing locust meanwhile
    origin_ns = running.begin()
    ...                                           # running.check() now and then, or load that died stays unseen
    running.end()
    to_parquet(running.files, target, origin_ns)
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from signal import SIGKILL
from typing import Protocol

import harness
from harness.environment import Headers
from harness.errors import HarnessError, InvalidInput
from harness.load.account import WorkerAccount
from harness.load.arrivals import Rate
from harness.load.journal import Drained, Entry, JournalReader, Loaded, Prepared
from harness.load.keys import load_keys
from harness.load.plan import Begin, CommandWriter, End, Prepare, WorkerPlan
from harness.load.recording import Records, journal_of
from harness.protocols import Command, Process, Spawner
from harness.scenario import Load

LOAD_S_MAX = 30.0
PREPARE_S_MAX = 60.0
_POLL_S = 0.02
_KILLED_S_MAX = 5.0
_LOG_LINES = 20
_SESSIONS_MAX = 65_535
_HEADERS = Headers()


class LoadStopped(HarnessError):
    """A worker ended, or did not do in time what it was told; the message ends with its last log lines."""


class Commands(Protocol):
    """The way to a worker."""

    def send(self, command: Prepare | Begin | End) -> None: ...


@dataclass(frozen=True)
class Pace:
    """How long things take where the workers are."""

    begin_ahead_s: float = 0.05
    """For the start to reach all workers before it comes."""
    drain_extra_s: float = 5.0
    """From when the last request must be done to when all that was recorded is here."""


@dataclass
class Worker:
    process: Process
    commands: Commands
    journal: JournalReader
    log: Path
    recording: Path
    stopped: type[LoadStopped] = LoadStopped
    """What is raised if it ends, or does not as it is told."""

    def __post_init__(self) -> None:
        self._entries: list[Entry] = []

    def reached(self, state: type[Entry]) -> bool:
        self._entries += self.journal.new()
        return any(isinstance(entry, state) for entry in self._entries)

    def failure(self, what: str) -> LoadStopped:
        """To be raised."""
        try:
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-_LOG_LINES:])
        except FileNotFoundError:
            tail = "(it wrote no log)"
        return self.stopped(f"{self.process.name} {what}\n{tail}")


_HERE = Pace()


class RunningLoad:
    """Workers that run. `prepare`, `begin` and `end` are called once each, in this order."""

    def __init__(self, workers: Sequence[Worker], timeout_s: float, pace: Pace = _HERE) -> None:
        self._workers = workers
        self._timeout_s = timeout_s
        self._pace = pace
        self._ended = False
        self._nobody_sets_this = threading.Event()

    @property
    def files(self) -> tuple[Path, ...]:
        """The recordings; see recording.Records and parquet.to_parquet."""
        return tuple(worker.recording for worker in self._workers)

    def records(self) -> Records:
        """A new reader of all requests, from the first."""
        return Records(self.files)

    def stalls(self) -> list[tuple[int, int]]:
        """When a worker did not run, as monotonic (from_ns, until_ns)."""
        return self.records().stalls()

    def accounts(self) -> Sequence[WorkerAccount]:
        """Of each worker on another machine, once the load has ended."""
        return ()

    def prepare(self, url: str, timeout_s: float = PREPARE_S_MAX) -> None:
        """Wait until every virtual user is prepared to load `url`. Raises LoadStopped."""
        self._await(Loaded, LOAD_S_MAX, "has not loaded the locustfile")
        for worker in self._workers:
            worker.commands.send(Prepare(url))
        self._await(Prepared, timeout_s, "has not prepared its virtual users")

    def begin(self, at_ns: int | None = None) -> int:
        """Let the load flow from `at_ns`, by default a moment ahead; returns this time."""
        at_ns = time.monotonic_ns() + int(self._pace.begin_ahead_s * 1e9) if at_ns is None else at_ns
        for worker in self._workers:
            worker.commands.send(Begin(at_ns))
        return at_ns

    def check(self) -> None:
        """Raises LoadStopped if a worker has ended and was not told to."""
        for worker in self._workers:
            if not self._ended and worker.process.exit_code is not None:
                raise worker.failure(f"ended by itself ({_ending(worker.process.exit_code)})")

    def end(self, at_ns: int | None = None) -> int:
        """Let the load flow until `at_ns`, by default now; returns this time when all that was due before is done.

        Raises LoadStopped if a worker fails meanwhile.
        """
        self.check()
        at_ns = time.monotonic_ns() if at_ns is None else at_ns
        self._ended = True
        for worker in self._workers:
            worker.commands.send(End(at_ns))
        deadline = max(at_ns / 1e9, time.monotonic()) + self._timeout_s + self._pace.drain_extra_s
        for worker in self._workers:
            exit_code = worker.process.wait(max(0.0, deadline - time.monotonic()))
            if exit_code is None:
                raise worker.failure("did not end when it was told to")
            if exit_code != 0 or not worker.reached(Drained):
                raise worker.failure(f"failed while it ended ({_ending(exit_code)})")
        return at_ns

    def kill(self) -> None:
        """End the workers that still run, at once. What they have recorded stays."""
        for worker in self._workers:
            if worker.process.exit_code is None:
                worker.process.signal(SIGKILL)
        for worker in self._workers:
            worker.process.wait(_KILLED_S_MAX)

    def _await(self, state: type[Entry], timeout_s: float, otherwise: str) -> None:
        deadline = time.monotonic() + timeout_s
        for worker in self._workers:
            while not worker.reached(state):
                self.check()
                if time.monotonic() > deadline:
                    raise worker.failure(f"{otherwise} in {timeout_s:g} s")
                self._nobody_sets_this.wait(_POLL_S)


@contextmanager
def start_load(
    load: Load,
    spawner: Spawner,
    folder: Path,
    logs: Path,
    *,
    seed: int,
    headers: Headers = _HEADERS,
    writes: Sequence[str] = (),
    processes: int = 1,
    key_base: int | None = None,
) -> Iterator[RunningLoad]:
    """Start the workers of a load; returns before they have loaded the locustfile. Leaving ends what still runs.

    `folder` takes plans and recordings, `logs` one log a worker. Keys are numbers above `key_base`, by default the
    time, so that no later run uses them again. Raises InvalidInput if the load cannot be done.
    """
    plans = plans_of(load, folder, seed=seed, headers=headers, writes=writes, workers=processes, key_base=key_base)
    with ExitStack() as cleanup:
        workers = []
        for plan in plans:
            commands = CommandWriter(plan.commands)
            cleanup.callback(commands.close)
            plan_file = folder / f"{plan.name}.plan.json"
            plan.write(plan_file)
            log = logs / f"{plan.name}.log"
            process = spawner.spawn(process_of(plan.name, plan_file, log))
            workers.append(Worker(process, commands, JournalReader(journal_of(plan.recording)), log, plan.recording))
        running = RunningLoad(workers, load.timeout_s)
        cleanup.callback(running.kill)
        yield running


def plans_of(
    load: Load,
    folder: Path,
    *,
    seed: int,
    headers: Headers,
    writes: Sequence[str],
    workers: int,
    key_base: int | None = None,
) -> tuple[WorkerPlan, ...]:
    """Each worker's part of the load; `folder` is where its recording will be. Raises InvalidInput.

    See start_load for `key_base`.
    """
    _require_possible(load, workers)
    key_base = load_keys() if key_base is None else key_base
    return tuple(
        WorkerPlan(
            load=replace(load, users=len(range(number, load.users, workers))),
            seed=seed,
            headers=headers,
            writes=tuple(writes),
            key_base=key_base,
            recording=folder / f"load-{number}.requests",
            commands=folder / f"load-{number}.commands",
            sessions=load.users,
            worker=number,
            workers=workers,
        )
        for number in range(workers)
    )


def process_of(name: str, plan_file: Path, log: Path) -> Command:
    """The worker whose plan that is."""
    return Command(name, (sys.executable, "-m", "harness.load.worker", str(plan_file)), variables_of_workers(), log=log)


def _require_possible(load: Load, processes: int) -> None:
    if not load.locustfile.is_file():
        raise InvalidInput("there is no such locustfile", file=load.locustfile)
    if not 1 <= processes <= load.users <= _SESSIONS_MAX:
        raise InvalidInput(
            f"{load.users} virtual users in {processes} processes: there must be a user in each, "
            f"and at most {_SESSIONS_MAX} in all"
        )
    if Rate(load.shape or [(0.0, load.rate_per_s)]).highest <= 0:
        raise InvalidInput("the rate of a load's shape must be above 0 somewhere")


def variables_of_workers() -> dict[str, str]:
    """A process of the load finds this very harness, and trusts the certificate authorities that the caller does."""
    paths = [str(Path(harness.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    variables = {
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "OPENBLAS_NUM_THREADS": "1",  # numpy would start a thread for each core, for nothing
    }
    return variables | {name: os.environ[name] for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if name in os.environ}


def _ending(exit_code: int) -> str:
    return f"signal {-exit_code}" if exit_code < 0 else f"exit code {exit_code}"
