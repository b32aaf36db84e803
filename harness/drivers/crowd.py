"""Others on the machine of a run, who take its processors and memory."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.drivers import hog, proc
from harness.drivers.parts import kill
from harness.errors import HarnessError
from harness.protocols import Command, Process, Spawner, Taken

LEFT_MB = 512
"""Of memory is left in any case: nobody else is to be killed for the lack of it."""


@dataclass(frozen=True)
class Crowd:
    """See protocols.Pressure."""

    processes: tuple[Process, ...]

    def taken(self) -> Taken:
        cpu_s, memory_mb = 0.0, 0.0
        for process in self.processes:
            with _gone_has_nothing():
                cpu_s += proc.cpu_s(process.pid)
                memory_mb += proc.memory_mb(process.pid)
        return Taken(cpu_s, memory_mb)

    def end(self) -> None:
        for process in self.processes:
            kill(process)


def crowd(spawner: Spawner, cpus: float, memory_mb: int, log: Path) -> Crowd:
    """One process a processor, the first with the memory. Raises HarnessError if there is not so much."""
    there_mb = proc.available_mb()
    if memory_mb > there_mb - LEFT_MB:
        raise HarnessError(f"{memory_mb} MB cannot be taken: of {there_mb:.0f} MB that are free {LEFT_MB} MB must stay")
    count = max(1, math.ceil(cpus))
    processes = tuple(
        spawner.spawn(
            Command(
                f"hog-{number}",
                (sys.executable, "-I", "-S", hog.__file__, str(cpus / count), str(memory_mb if number == 0 else 0)),
                log=log,
            )
        )
        for number in range(count)
    )
    return Crowd(processes)


@contextmanager
def _gone_has_nothing() -> Iterator[None]:
    try:
        yield
    except ProcessLookupError:
        return
