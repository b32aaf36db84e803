"""Where the parts of a recording are replayed: in this process, in others on this machine, or on a cluster of Ray."""

from __future__ import annotations

import logging
import os
import secrets
import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Final, Protocol

from harness.errors import InvalidInput
from harness.replay.ordered import Ordered
from harness.replay.part import replay_part
from harness.replay.plan import Plan, Tallies
from harness.supervisor import Supervisor, scratch_folder

_LOCALHOST: Final = ("localhost", "127.0.0.1")
_CONNECT_S: Final = 10.0

RAY_SETTINGS: Final = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_gcs_server_port_wait_time_s": "300",
    "RAY_raylet_start_wait_time_s": "300",
    "RAY_agent_register_timeout_ms": "300000",
}
"""For the environment of whoever starts nodes: by default Ray gives its parts 10 to 30 s to come up, of which a busy
machine needs more. What a node waits for its agents (15 and 30 s) no setting changes."""


def new_run_id() -> str:
    return f"replay-{secrets.token_hex(6)}"


@dataclass(frozen=True)
class Work:
    """A part, and what is asked of it. `whole`: it is one unit."""

    plan: Plan
    part: Ordered
    whole: bool = False


def work(work_: Work) -> Tallies:
    """Replay one part, with processes of versions that end with this process."""
    run_id = new_run_id()
    scratch = scratch_folder(run_id)
    with Supervisor(run_id, scratch) as spawner:
        return replay_part(work_.plan, work_.part, spawner, scratch, whole=work_.whole)


class Engine(Protocol):
    @property
    def workers(self) -> int:
        """Into how many parts it pays to split."""
        ...

    def run(self, works: Sequence[Work]) -> Iterator[Tallies]:
        """In any order. Raises InvalidInput if a version does not come up."""
        ...


@dataclass(frozen=True)
class Local:
    """Processes of this machine."""

    workers: int = 1

    def run(self, works: Sequence[Work]) -> Iterator[Tallies]:
        if self.workers == 1:
            yield from map(work, works)
            return
        with ProcessPoolExecutor(self.workers, mp_context=get_context("spawn")) as pool:
            yield from pool.map(work, works)


@dataclass(frozen=True)
class Ray:
    """A cluster of Ray that runs already, at `address`; or of this process's own if that is `local`.

    Its machines need the same harness, the versions' code under the same paths, and the folder of the parts.
    """

    address: str
    workers: int = 2

    def run(self, works: Sequence[Work]) -> Iterator[Tallies]:
        for name, value in RAY_SETTINGS.items():
            os.environ.setdefault(name, value)
        try:
            import ray  # noqa: PLC0415 (an extra, and slow to import)
        except ImportError as error:
            raise InvalidInput("the engine ray needs what `pip install 'rollproof[ray]'` brings") from error
        if self.address == "local":
            ray.init(
                num_cpus=self.workers,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.WARNING,
                _node_ip_address="127.0.0.1",
            )
        else:
            _expect_answer(self.address, ray.util.get_node_ip_address())  # type: ignore[no-untyped-call]
            ray.init(address=self.address, log_to_driver=False, logging_level=logging.WARNING)
        try:
            remote = ray.remote(num_cpus=1, max_retries=0)(work)
            waiting = [remote.remote(each) for each in works]
            while waiting:
                done, waiting = ray.wait(waiting)
                yield from ray.get(done)
        except ray.exceptions.RayTaskError as error:
            cause = error.cause
            raise cause if isinstance(cause, InvalidInput) else error from error
        finally:
            ray.shutdown()


def _expect_answer(address: str, own_ip: str) -> None:
    """Raises InvalidInput if nobody listens at HOST:PORT, which Ray itself would wait for without an end.

    By localhost Ray means the machine's address on its network, `own_ip`.
    """
    host, _, port = address.rpartition(":")
    if not (host and port.isdecimal()) or "://" in address:
        raise InvalidInput(f"the address of a Ray cluster is HOST:PORT, or `local`, not {address!r}")
    try:
        socket.create_connection((own_ip if host in _LOCALHOST else host, int(port)), _CONNECT_S).close()
    except (OSError, OverflowError) as error:
        raise InvalidInput(f"no Ray cluster answers at {address}: {error}") from error
