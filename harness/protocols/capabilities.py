"""What a system can do beyond its verbs; a fault says which of these it needs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable


@runtime_checkable
class Killable(Protocol):
    def pid(self, name: str) -> int | None:
        """The instance's process id; None while it is dead."""

    def kill(self, name: str) -> None:
        """SIGKILL, and it stays dead until `revive`."""

    def revive(self, name: str) -> None:
        """Start it again, with the same name, version and address."""


@runtime_checkable
class Pausable(Protocol):
    def pause(self, name: str) -> None: ...
    def resume(self, name: str) -> None: ...
    def paused(self, name: str) -> bool:
        """As the operating system says, not as we asked."""


@dataclass(frozen=True)
class Link:
    """The way from an instance to a store, through a proxy that faults can be put in."""

    source: str
    """Instance name."""
    service: str
    target: str
    """Store name."""
    address: tuple[str, int]
    """Host and port of the proxy."""


@dataclass(frozen=True)
class Toxic:
    """One disturbance, by toxiproxy's vocabulary. `attributes` are integers by toxiproxy's names."""

    kind: str
    attributes: Mapping[str, int] = field(default_factory=dict)
    stream: str = "downstream"
    toxicity: float = 1.0


@runtime_checkable
class Linked(Protocol):
    """Links between services and stores. A toxic on (service, store) also meets instances that are added later."""

    def links(self) -> tuple[Link, ...]: ...
    def poison(self, service: str, store: str, name: str, toxic: Toxic) -> None: ...
    def cure(self, service: str, store: str, name: str) -> None: ...
    def sever(self, service: str, store: str) -> None:
        """Cut all connections of these links and refuse new ones."""

    def mend(self, service: str, store: str) -> None: ...


class Manner(StrEnum):
    """What becomes of new connections over a link that is cut."""

    REFUSE = "refuse"
    DROP = "drop"
    """They are made, and nothing comes through."""


class Way(StrEnum):
    """Which way nothing goes any more."""

    BOTH = "both"
    UPSTREAM = "upstream"
    """What instances send is lost."""
    DOWNSTREAM = "downstream"
    """What stores answer is lost."""

    @property
    def streams(self) -> tuple[str, ...]:
        """As toxics have them."""
        return ("upstream", "downstream") if self is Way.BOTH else (self.value,)


@runtime_checkable
class Splittable(Protocol):
    """Links that can be cut one by one, all at once: partitions."""

    def links(self) -> tuple[Link, ...]: ...
    def split(self, name: str, apart: Collection[tuple[str, str]], manner: Manner, way: Way) -> None:
        """Cut all connections between each pair of an instance and a store, and let new ones be as `manner` says.

        Instances that are added later are on no side of it. Raises HarnessError if there is a split of that name.
        """

    def rejoin(self, name: str) -> None:
        """Raises HarnessError if there is no split of that name."""


@runtime_checkable
class Disconnectable(Protocol):
    """Instances that can be cut off from everybody: stores, router, users."""

    def disconnect(self, name: str) -> None: ...
    def reconnect(self, name: str) -> None:
        """With the address it had; does nothing if it has ended or been removed meanwhile."""

    def connected(self, name: str) -> bool:
        """As the system says that runs it, not as we asked."""


@dataclass(frozen=True)
class Limits:
    """What an instance may use; None: as much as there is."""

    cpus: float | None = None
    memory_mb: int | None = None


@dataclass(frozen=True)
class Usage:
    """What the system that runs an instance has on its account."""

    limits: Limits
    """Those in force."""
    throttled: int
    """Periods in which it wanted more of the processors than it may have."""
    memory_mb: float


@runtime_checkable
class Limitable(Protocol):
    def limit(self, name: str, limits: Limits) -> None:
        """From now on; does nothing if it has ended or been removed meanwhile."""

    def usage(self, name: str) -> Usage:
        """Raises HarnessError if it does not run."""


class ProcessorsLimitable(Limitable, Protocol):
    """`cpus` is among what can be limited. A capability of its own, as not every machine permits it."""


@runtime_checkable
class Drainable(Protocol):
    """Nodes on which instances run, and which can be taken out of use."""

    def node_of(self, name: str) -> str:
        """The node of an instance; "" while it has none."""

    def on_node(self, node: str) -> int:
        """How many instances are on it, also those that are about to go."""

    def cordon(self, node: str) -> None:
        """No instance is put on it any more."""

    def uncordon(self, node: str) -> None: ...

    def cordoned(self, node: str) -> bool:
        """As the platform says, not as we asked."""

    def evict(self, node: str) -> bool:
        """Ask the instances on it to go, those that may; False if some may not now, as too few would be left."""
