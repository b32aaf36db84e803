"""What is deployed to: an environment that runs, and what brings it up and down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.protocols.processes import Workspace


@dataclass(frozen=True)
class Instance:
    """One running copy of a service at a version. `url` is its own address, past the router ("" for none)."""

    name: str
    service: str
    version: str
    url: str
    pid: int | None = None


@dataclass(frozen=True)
class Departure:
    """How an instance ended when it was asked to."""

    exit_code: int | None
    """None: it had ended before it was asked to (a fault killed it)."""
    took_s: float
    killed: bool
    """True if it outlived its grace and was killed."""


class System(Protocol):
    """A running environment. Five verbs serve every strategy; safe to call from several threads."""

    environment: Environment

    def instances(self) -> tuple[Instance, ...]:
        """All instances that were added and not removed, dead or alive, in the order they were added."""

    def add(self, service: str, version: str) -> Instance:
        """Start one more instance; returns at once, before it is ready. It gets no traffic until `route`."""

    def remove(self, name: str) -> Departure:
        """Take it out of the router, ask it to stop, wait for its grace, then kill it."""

    def route(self, weights: Mapping[str, int]) -> None:
        """Divide traffic over versions in proportion to `weights`, over all ready instances of each.

        Returns when the router confirms that it works by the new weights. Raises HarnessError if it rejects them.
        """

    @property
    def url(self) -> str:
        """Where users send their requests."""

    def ready(self, name: str) -> bool:
        """One honest question to the instance's readiness probe."""

    def migrate(self, command: Sequence[str], version: str) -> None:
        """Run one migration command against the stores; raises StepFailed with its output if it fails."""

    def store_url(self, store: str) -> str:
        """The store's own address, past every link; for the harness's own reading."""

    def observed_split(self) -> Mapping[str, int]:
        """Requests that the router has sent to each version so far, by its own counters."""


class Site(Protocol):
    """An environment's stores, broker, router and links, running, with no instance of a service yet."""

    def start(self, version: str) -> AbstractContextManager[System]:
        """Fresh stores, all services at `version` in their replicas, ready and routed. Leaving stops the instances.

        May be entered again, one system at a time: an environment is reused and reset between scenarios.
        """


class Driver(Protocol):
    name: ClassVar[str]
    offers: ClassVar[frozenset[type]]
    """Capabilities beyond the verbs of System: Killable, Pausable, Linked, …"""

    def open(self, environment: Environment, workspace: Workspace) -> AbstractContextManager[Site]: ...
