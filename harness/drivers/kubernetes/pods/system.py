"""A running system whose instances are pods: what faults of clusters ask of it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from harness.drivers.kubernetes.breaking.cluster import Cluster, address_of
from harness.drivers.kubernetes.events import Events
from harness.drivers.kubernetes.load.place import HostsLoad, LoadPods
from harness.drivers.kubernetes.pods.processes import PodProcess
from harness.drivers.kubernetes.pods.runtime import USERS, PodRuntime
from harness.drivers.links import LINKS
from harness.drivers.system import LinkedRunningSystem
from harness.errors import HarnessError
from harness.protocols import (
    Barrier,
    Containered,
    Evictable,
    Governed,
    Outageable,
    Partitionable,
    Podded,
    PodFacts,
    Pressable,
    Pressure,
    Probed,
    Remark,
    Resolving,
)
from harness.protocols.load import LoadPlace

ANYWHERE: frozenset[type] = frozenset({Podded, LoadPlace})
"""What may be done in any cluster: it meets the run's own namespace alone, by the API."""
ON_THIS_MACHINE: frozenset[type] = frozenset({Containered})
"""What also needs nodes that are containers of this machine; it meets the run's own pods alone."""
IN_OURS: frozenset[type] = frozenset({Partitionable, Resolving, Governed, Outageable, Pressable})
"""What meets nodes, or everybody in the cluster, so that the cluster must be the harness's own."""
NOT_OURS = "the cluster was not made by the harness, whose own is all that it breaks nodes, networks or DNS of"
FAR_AWAY = "the cluster's nodes are not containers of this machine"
REASONS: Mapping[type, str] = {
    **dict.fromkeys(IN_OURS, NOT_OURS),
    **dict.fromkeys(ON_THIS_MACHINE, FAR_AWAY),
    Evictable: "its pods have no disruption budgets; those of the driver 'kubernetes' have",
    Probed: "whether its pods get requests does not depend on probes; with the driver 'kubernetes' it does",
}
"""Why a driver may lack something."""


class InCluster:
    """Implements Containered, Probed, Resolving, Governed, Outageable, Pressable, Talkative, and most of Podded.

    Which of it may be used is the driver's to say, by what it offers.
    """

    @property
    @abstractmethod
    def _cluster(self) -> Cluster: ...

    @property
    @abstractmethod
    def _events(self) -> Events: ...

    def pod(self, pod: str) -> PodFacts | None:
        return self._cluster.pod(pod)

    def delete_pod(self, pod: str, grace_s: int) -> None:
        self._cluster.delete_pod(pod, grace_s)

    def kill_container(self, pod: str) -> None:
        self._cluster.kill_container(pod)

    def exhaust_memory(self, pod: str) -> int:
        return self._cluster.exhaust_memory(pod)

    def hide_from_probes(self, pod: str) -> Barrier:
        return self._cluster.hide_from_probes(pod)

    def block_dns(self) -> Barrier:
        return self._cluster.block_dns()

    def dns_answers(self) -> bool:
        return self._cluster.dns_answers()

    def block_api(self) -> Barrier:
        return self._cluster.block_api()

    def api_answers(self) -> bool:
        return self._cluster.api_answers()

    def stop_node(self, node: str) -> None:
        self._cluster.stop_node(node)

    def start_node(self, node: str) -> None:
        self._cluster.start_node(node)

    def node_runs(self, node: str) -> bool:
        return self._cluster.node_runs(node)

    def node_ready(self, node: str) -> bool:
        return self._cluster.node_ready(node)

    def press(self, pod: str, cpus: float, memory_mb: int) -> Pressure:
        return self._cluster.press(pod, cpus, memory_mb)

    def remarks(self, hear: Callable[[Remark], object]) -> AbstractContextManager[None]:
        return self._events.heard_by(hear)


class PodsSystem(InCluster, HostsLoad, LinkedRunningSystem):
    """The driver kind's: each instance is a pod, which is made again when it is to be started again.

    Implements Podded, Partitionable and LoadPlace as well.
    """

    @property
    def _cluster(self) -> Cluster:
        return self._pod_runtime.cluster

    @property
    def _load(self) -> LoadPods:
        return self._pod_runtime.load

    @property
    def _users_service(self) -> str:
        return USERS

    @property
    def _events(self) -> Events:
        return self._pod_runtime.events

    @property
    def _pod_runtime(self) -> PodRuntime:
        assert isinstance(self._runtime, PodRuntime)
        return self._runtime

    def pod_of(self, name: str) -> str:
        return self._pod_process(name).pod

    def restore(self, name: str) -> None:
        """Does nothing if it runs, or has been removed meanwhile."""
        if name not in self._removed:
            self._pod_process(name).notice_death()
            self.revive(name)

    def cut_off(self, pod: str, peer: str) -> Barrier:
        """A store is reached by a link, which has a port of its own in the pod of all links."""
        [name] = (each.name for each in self.instances() if self.pod_of(each.name) == pod)
        port = self._links.port(name, peer)
        if port is not None:
            links = self._pod_runtime.pods_of(LINKS)
            return self._cluster.cut_off(pod, map(address_of, links), port)
        others = [each.name for each in self.instances() if each.service == peer and each.name != name]
        if not others:
            raise HarnessError(f"{name} is linked to no store {peer!r}, and no service of that name has an instance")
        pods = [each for other in others for each in self._pod_runtime.pods_of(other)]
        return self._cluster.cut_off(pod, map(address_of, pods))

    def _pod_process(self, name: str) -> PodProcess:
        process = self._instance(name).process
        assert isinstance(process, PodProcess)
        return process
