"""Processes that belong to a run, and where it lives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Command:
    """A process to start. No shell is involved; `variables` are added to a minimal environment."""

    name: str
    argv: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    log: Path | None = None
    user: str | None = None
    """Run as this account (only when the harness itself is root)."""
    input: Path | None = None
    """What it reads as its standard input: a file, or a named pipe that the harness has opened."""
    output: Path | None = None
    """Where its standard output goes instead of `log`: a file, or a named pipe that the harness has opened."""


class Process(Protocol):
    """A child of the run's supervisor."""

    @property
    def name(self) -> str: ...
    @property
    def pid(self) -> int: ...
    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: ended by that signal."""

    def signal(self, number: int) -> None:
        """Send a signal to the process group; does nothing if it has ended."""

    def wait(self, timeout_s: float) -> int | None:
        """The exit code, or None if it still runs after `timeout_s`."""


class Spawner(Protocol):
    """Starts processes that outlive neither the harness nor the run."""

    def spawn(self, command: Command) -> Process: ...


@dataclass(frozen=True)
class Provisions:
    """What the faults of a scenario need to be there before anything is started."""

    disks: frozenset[str] = frozenset()
    """Stores on disks of their own."""
    clocks: bool = False
    """Services have clocks that can be set."""

    def __or__(self, other: Provisions) -> Provisions:
        return Provisions(self.disks | other.disks, self.clocks or other.clocks)


@dataclass(frozen=True)
class Workspace:
    """Where one run lives. `scratch` is removed with the run; `logs` are kept with its report."""

    run_id: str
    scratch: Path
    logs: Path
    spawner: Spawner
    seed: int
    provisions: Provisions = Provisions()
