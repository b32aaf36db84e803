"""A load whose workers run on other machines: the same workers, with records of their own that become one history.

with start_load_in(place, load, folder, logs, seed=7, headers=headers, writes=("transfer",)) as running:
    running.prepare(place.entrance())
    ...                                           # as in engine.py
    for account in running.accounts(): ...        # whose records are all here, and how far its clock was off
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from harness.environment import Headers
from harness.load.account import WorkerAccount
from harness.load.engine import Pace, RunningLoad, Worker, plans_of
from harness.load.journal import Drained, JournalReader
from harness.load.plan import WorkerPlan
from harness.load.recording import RecordingCopy, alignment_of, journal_of
from harness.load.records import REQUEST
from harness.load.remote import RemoteWorker, WorkerLost
from harness.load.wire import GIVEN, LOCUSTFILE, TOKEN, WORK, plan_name
from harness.protocols.load import LoadPlace
from harness.scenario import Load

DRAIN_EXTRA_S = 30.0


class ClusterLoad(RunningLoad):
    """See RunningLoad. What is recorded is here a moment later, on the harness's clock."""

    def __init__(self, remotes: Sequence[RemoteWorker], workers: Sequence[Worker], timeout_s: float) -> None:
        super().__init__(workers, timeout_s, Pace(_begin_ahead_s(len(workers)), DRAIN_EXTRA_S))
        self._remotes = remotes

    def accounts(self) -> tuple[WorkerAccount, ...]:
        """Of each worker, once the load has ended."""
        return tuple(map(_account, self._remotes, self._workers))


def _begin_ahead_s(workers: int) -> float:
    """They are told one after the other, in some milliseconds each."""
    return 0.5 + 0.02 * workers


@contextmanager
def start_load_in(
    place: LoadPlace,
    load: Load,
    folder: Path,
    logs: Path,
    *,
    seed: int,
    headers: Headers,
    writes: Sequence[str],
    key_base: int | None = None,
) -> Iterator[ClusterLoad]:
    """Start the workers of a load at that place; returns when all have answered, and their clocks have been read.

    `folder` takes copies of their recordings, `logs` those of their logs; for the rest see engine.start_load. Of the
    locustfile only the file itself goes there. Raises InvalidInput if the load cannot be done, WorkerLost if a worker
    does not come up.
    """
    plans = plans_of(load, WORK, seed=seed, headers=headers, writes=writes, workers=load.workers, key_base=key_base)
    token = secrets.token_urlsafe(32)
    with ExitStack() as cleanup:
        posts = cleanup.enter_context(place.load_workers(_files(plans, token), len(plans)))
        remotes, workers = [], []
        for plan, post in zip(plans, posts, strict=True):
            copy = RecordingCopy(folder / plan.recording.name)
            log = logs / f"{plan.name}.log"
            remote = RemoteWorker(plan.name, post, token, copy, log)
            cleanup.callback(remote.close)
            remote.start()
            remotes.append(remote)
            workers.append(Worker(remote, remote, JournalReader(journal_of(copy.path)), log, copy.path, WorkerLost))
        for remote in remotes:
            remote.await_arrival()
        running = ClusterLoad(remotes, workers, load.timeout_s)
        cleanup.callback(running.kill)
        yield running


def _files(plans: Sequence[WorkerPlan], token: str) -> Mapping[str, str]:
    locustfile = plans[0].load.locustfile.read_text()
    there = [replace(plan, load=replace(plan.load, locustfile=GIVEN / LOCUSTFILE)) for plan in plans]
    texts = {plan_name(plan.worker): plan.encoded().decode() for plan in there}
    return {TOKEN: token, LOCUSTFILE: locustfile, **texts}


def _account(remote: RemoteWorker, worker: Worker) -> WorkerAccount:
    alignment = alignment_of(worker.recording)
    return WorkerAccount(
        name=remote.name,
        requests=remote.recorded // REQUEST.itemsize,
        offset_ns=alignment.offset_ns,
        drift_ns=alignment.drift_ns,
        bound_ns=alignment.bound_ns,
        collected_s=remote.collected_s,
        trouble=_trouble(remote, worker, steady=alignment.steady),
    )


def _trouble(remote: RemoteWorker, worker: Worker, *, steady: bool) -> str:
    if not remote.whole:
        return f"it was lost, and with it what it had recorded last: {remote.loss}"
    if not worker.reached(Drained):
        return "it ended before all that was due had been done"
    return "" if steady else "its clock did not run evenly with the harness's"
