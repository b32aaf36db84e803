"""Where the parts of an environment run: as processes of this machine, in containers, in pods.

Servers, instances and migrations are written against this, so that one driver differs from the next in its runtime
alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from harness.environment import Environment
from harness.protocols import Process
from harness.servers import Server


@dataclass(frozen=True)
class Address:
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Place:
    """One port of a part, from the three sides it is seen from."""

    bind: Address
    """Where the part itself listens."""
    inside: Address
    """Where the other parts reach it."""
    outside: Address
    """Where the harness and the users reach it, on loopback."""


@dataclass(frozen=True)
class Part:
    """Something to run. With a `server`, `argv` are its arguments alone: the runtime knows where the server is."""

    name: str
    argv: tuple[str, ...]
    log: Path
    server: Server | None = None
    image: str = ""
    """What a container of it is made of; for a server, in place of its usual image."""
    service: str = ""
    """That it is an instance of; these are spread over the machines that there are."""
    variables: Mapping[str, str] = field(default_factory=dict)
    folder: str | None = None
    """Where it runs."""
    places: tuple[Place, ...] = ()
    shared: tuple[Path, ...] = ()
    """Folders that it and the harness have in common, under the same path. `Runtime.write` writes there."""
    user: str | None = None
    """The account it runs as, where that is not the harness's own."""
    ready_path: str = ""
    """What it answers below 400, at its first place, when it is ready; empty: it cannot be asked."""
    grace_s: float = 5.0
    """From SIGTERM to SIGKILL."""
    awaits: tuple[Address, ...] = ()
    """What is up, and must be reached before it runs, where a network is told of addresses only in time."""


class PartProcess(Process, Protocol):
    """A running part. Its signals go to all of its processes."""

    def pause(self) -> None:
        """Stop it where it is; does nothing if it has ended."""

    def resume(self) -> None:
        """Undo `pause`; does nothing if it has ended."""

    def paused(self) -> bool:
        """As the system says that runs it, not as we asked."""


class Runtime(Protocol):
    @property
    def scratch(self) -> Path:
        """For files of the run's parts; `Part.shared` may name folders in it."""

    def places(self, name: str, count: int) -> tuple[Place, ...]:
        """That many ports for the part of that name, for as long as the run lasts."""

    def values(self, environment: Environment) -> Mapping[str, str]:
        """What `{python}` and `{folder}` stand for."""

    def image(self, environment: Environment, service: str, version: str) -> str:
        """What a container of that service is made of; "" where there are no containers."""

    def write(self, file: Path, text: str) -> None:
        """Put a file into a folder that parts share: renamed into place, so that nobody reads half of it.

        A part finds what was written there before it was spawned, and sees at once what is written later.
        """

    def spawn(self, part: Part) -> PartProcess:
        """Start it; returns at once. Raises StartFailed if it cannot be started, MissingServer."""
