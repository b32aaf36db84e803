"""A system of the environment's own Deployments, with what faults of clusters ask of it."""

from __future__ import annotations

from harness.drivers.kubernetes.breaking.cluster import Cluster, address_of
from harness.drivers.kubernetes.events import Events
from harness.drivers.kubernetes.load.place import HostsLoad, LoadPods
from harness.drivers.kubernetes.native.deployments import named
from harness.drivers.kubernetes.native.members import Members
from harness.drivers.kubernetes.native.nodes import DrainableSystem
from harness.drivers.kubernetes.native.surroundings import Surroundings
from harness.drivers.kubernetes.native.tools import Tools
from harness.drivers.kubernetes.pods.runtime import PodRuntime
from harness.drivers.kubernetes.pods.system import InCluster
from harness.protocols import Barrier


class NativeClusterSystem(InCluster, HostsLoad, DrainableSystem):
    """Implements Podded, Evictable, Partitionable and LoadPlace as well."""

    def __init__(
        self, surroundings: Surroundings, members: Members, tools: Tools, version: str, runtime: PodRuntime
    ) -> None:
        super().__init__(surroundings, members, tools, version, runtime.namespace.api.core)
        self._runtime = runtime

    @property
    def _cluster(self) -> Cluster:
        return self._runtime.cluster

    @property
    def _load(self) -> LoadPods:
        return self._runtime.load

    @property
    def _users_service(self) -> str:
        return self._routed.name

    @property
    def _events(self) -> Events:
        return self._runtime.events

    def pod_of(self, name: str) -> str:
        return self._member(name).pod_name

    def restore(self, name: str) -> None:
        """Its Deployment does that."""

    def evict_pod(self, pod: str) -> bool:
        return self._objects.evict(pod)

    def cut_off(self, pod: str, peer: str) -> Barrier:
        """Pods of a store are those that its Service selects."""
        if peer in (service.name for service in self.environment.services):
            labels = self._blueprint.selector(peer)
        else:
            labels = named(self._blueprint.manifests, "Service", peer)["spec"]["selector"]
        pods = [each for each in self._objects.namespace.pods(labels) if each["metadata"]["name"] != pod]
        return self._cluster.cut_off(pod, map(address_of, pods))
