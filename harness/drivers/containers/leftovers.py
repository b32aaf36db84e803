"""What runs made in the engine, found by its labels, and its removal.

Run by a watchdog as `python -m harness.drivers.containers.leftovers RUN_ID SCRATCH` when the harness has died.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import docker
from docker.errors import APIError

from harness.drivers.containers.engine import HARNESS_LABEL, MACHINE_LABEL, RUN_LABEL, connect, machine, refusing
from harness.errors import HarnessError
from harness.supervisor.keeper import clear
from harness.supervisor.scratch import Identity
from harness.waiting import until

GONE_S_MAX = 20.0
GONE_POLL_S = 0.1
LOOKS_AFTER_DEATH = 20
"""A tenth of a second apart: longer than an engine takes for what it was asked by the harness in its last moment."""


@dataclass(frozen=True)
class Leftover:
    """A container or a network."""

    kind: str
    name: str
    run_id: str
    removal: Callable[[], None]

    def remove(self) -> None:
        """Try to. Somebody else may do the same, and a network may still be in use, so whoever cares looks again."""
        with suppress(APIError):
            self.removal()


def of_run(engine: docker.DockerClient, run_id: str) -> Iterator[Leftover]:
    """Everything that is left of that run; containers first, as networks in use cannot be removed."""
    return _labelled(engine, f"{RUN_LABEL}={run_id}")


def of_dead_harnesses(engine: docker.DockerClient) -> Iterator[Leftover]:
    """What is left of runs of this machine whose harness is dead; never of one that lives, or of another machine."""
    return _labelled(engine, f"{MACHINE_LABEL}={machine()}", lambda labels: _is_dead(labels.get(HARNESS_LABEL, "")))


def remove_of_dead_harnesses(engine: docker.DockerClient) -> tuple[Leftover, ...]:
    """What was removed. Raises HarnessError if not all could be."""
    with refusing("what dead runs left in the engine cannot be removed"):
        removed = tuple(of_dead_harnesses(engine))
        for leftover in removed:
            leftover.remove()
        if not until(lambda: not any(of_dead_harnesses(engine)), GONE_S_MAX, GONE_POLL_S):
            raise HarnessError("not all that dead runs left in the engine could be removed")
    return removed


def remove_run(engine: docker.DockerClient, run_id: str, looks: int = 1) -> bool:
    """Remove all that is left of that run; whether that was done in time.

    Several `looks` in a row must find nothing: the engine may still be making what it was asked for last.
    """
    found_nothing = 0

    def nothing_is_left() -> bool:
        nonlocal found_nothing
        left = list(of_run(engine, run_id))
        for leftover in left:
            leftover.remove()
        found_nothing = 0 if left else found_nothing + 1
        return found_nothing >= looks

    return until(nothing_is_left, GONE_S_MAX, GONE_POLL_S)


def _labelled(
    engine: docker.DockerClient, label: str, wanted: Callable[[dict[str, str]], bool] = lambda _: True
) -> Iterator[Leftover]:
    for container in engine.containers.list(all=True, filters={"label": label}, ignore_removed=True):
        if wanted(container.labels):
            # With its anonymous volumes.
            remove = partial(container.remove, force=True, v=True)
            yield Leftover("container", str(container.name), container.labels[RUN_LABEL], remove)
    for network in engine.networks.list(filters={"label": label}):
        labels = network.attrs.get("Labels") or {}
        if wanted(labels):
            yield Leftover("network", str(network.name), labels[RUN_LABEL], network.remove)


def _is_dead(harness: str) -> bool:
    """Of an identity that makes no sense nothing is known, so it is not called dead."""
    try:
        return not Identity.parse(harness).lives
    except ValueError:
        return False


def removal_command(run_id: str, scratch: Path) -> tuple[str, ...]:
    """The command that does what `main` does."""
    return (sys.executable, "-P", "-m", "harness.drivers.containers.leftovers", run_id, str(scratch))


def main() -> None:
    run_id, scratch = sys.argv[1:]
    with closing(connect()) as engine:
        remove_run(engine, run_id, LOOKS_AFTER_DEATH)
    # The run's keeper removes that as well, but could not while containers wrote there.
    clear(scratch)


if __name__ == "__main__":
    main()
