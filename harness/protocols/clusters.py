"""What only a system in a cluster can do: its instances are pods, on nodes, under an API server that tells of them.

Pods are called as the cluster calls them: an instance may be another pod from one moment to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from harness.verdict import Cell


@dataclass(frozen=True)
class PodFacts:
    """What the cluster says of a pod."""

    name: str
    node: str
    """ "" while it has none."""
    ready: bool
    """As its node's probes say."""
    endings: int
    """How often its container has ended so far."""
    ended_by: str = ""
    """Why it ended last, in the cluster's words, as `OOMKilled`; "" if it never did."""


@runtime_checkable
class Podded(Protocol):
    def pod_of(self, name: str) -> str:
        """The pod of an instance. Raises HarnessError if there is no such instance."""

    def pod(self, pod: str) -> PodFacts | None:
        """None once it is gone."""

    def delete_pod(self, pod: str, grace_s: int) -> None:
        """Asks it to go, and kills it after its grace; returns at once. One that is gone is as good."""

    def restore(self, name: str) -> None:
        """Start the instance again, where the cluster does not do that by itself."""


@runtime_checkable
class Containered(Protocol):
    """Pods whose containers can be reached on their nodes, past the API server."""

    def kill_container(self, pod: str) -> None:
        """SIGKILL to all of its processes."""

    def exhaust_memory(self, pod: str) -> int:
        """Take all memory that its container may have, until the kernel kills who is in it. How many it killed, by its
        own count; 0 if the count went with the container.

        Raises HarnessError if it has no limit: then nothing would stop it.
        """


@runtime_checkable
class Evictable(Protocol):
    def evict_pod(self, pod: str) -> bool:
        """As a drain asks for it; False if a disruption budget does not allow it now."""


class Barrier(Protocol):
    """Something that lets packets through no more, until it is lifted."""

    def held_back(self) -> int:
        """How many packets so far, by its own counters."""

    def lift(self) -> None:
        """Does nothing if it is gone."""

    def stands(self) -> bool:
        """As its nodes say, not as we asked."""


@runtime_checkable
class Partitionable(Protocol):
    def cut_off(self, pod: str, peer: str) -> Barrier:
        """Nothing goes any more between the pod and those of a store or a service, which are there now."""


@runtime_checkable
class Probed(Protocol):
    """Instances whose node asks them whether they are ready, and whether they live."""

    def hide_from_probes(self, pod: str) -> Barrier:
        """No probe reaches it; everybody else does."""


@runtime_checkable
class Resolving(Protocol):
    """A cluster whose DNS is ours to break."""

    def block_dns(self) -> Barrier:
        """Nobody in the cluster reaches its DNS."""

    def dns_answers(self) -> bool: ...


@runtime_checkable
class Governed(Protocol):
    """A cluster whose API server is ours to cut off."""

    def block_api(self) -> Barrier:
        """Nobody reaches it, nodes and the harness included, but for what runs on its own node."""

    def api_answers(self) -> bool: ...


@runtime_checkable
class Outageable(Protocol):
    """Nodes that can be switched off."""

    def stop_node(self, node: str) -> None:
        """At once, as if its power were cut. Raises HarnessError for one without which there is no cluster."""

    def start_node(self, node: str) -> None:
        """Returns when the cluster says that it is ready; raises HarnessError if that takes too long."""

    def node_runs(self, node: str) -> bool:
        """As the machine says that it is on."""

    def node_ready(self, node: str) -> bool:
        """As the cluster says."""


@dataclass(frozen=True)
class Taken:
    """Of a node, by its operating system's own account."""

    cpu_s: float
    """So far."""
    memory_mb: float
    """Now."""


class Pressure(Protocol):
    def taken(self) -> Taken: ...

    def end(self) -> None:
        """Returns when it is gone."""


@runtime_checkable
class Pressable(Protocol):
    def press(self, pod: str, cpus: float, memory_mb: int) -> Pressure:
        """Take that much of the node of a pod, and no more; returns at once."""


@dataclass(frozen=True)
class Remark:
    """Something that the cluster says of what happens to its objects."""

    reason: str
    """As it is called there: `Killing`, `FailedScheduling`."""
    about: str
    """Which object: `Pod/ledger-7f9c-x2x4`."""
    text: str
    warning: bool
    routine: bool
    """Part of every start; worth a line, not a mark."""

    def detail(self) -> Mapping[str, Cell]:
        """For the history."""
        return {"about": self.about, "text": self.text, "warning": self.warning, "routine": self.routine}


@runtime_checkable
class Talkative(Protocol):
    def remarks(self, hear: Callable[[Remark], object]) -> AbstractContextManager[None]:
        """As long as this lasts, `hear` is told of each, by a thread of its own."""
