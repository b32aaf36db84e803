"""A system whose nodes may be cordoned and drained, as an operator does it before maintenance."""

from __future__ import annotations

import kubernetes.client

from harness.drivers.kubernetes.native.members import Members
from harness.drivers.kubernetes.native.surroundings import Surroundings
from harness.drivers.kubernetes.native.system import KubernetesSystem
from harness.drivers.kubernetes.native.tools import Tools
from harness.drivers.kubernetes.objects import cordon, is_cordoned


class DrainableSystem(KubernetesSystem):
    """Implements Drainable as well."""

    def __init__(
        self,
        surroundings: Surroundings,
        members: Members,
        tools: Tools,
        version: str,
        api: kubernetes.client.CoreV1Api,
    ) -> None:
        super().__init__(surroundings, members, tools, version)
        self._api = api

    def node_of(self, name: str) -> str:
        return self._member(name).state.node

    def on_node(self, node: str) -> int:
        return sum(member.state.node == node for member in self._members.by_pod().values())

    def cordon(self, node: str) -> None:
        cordon(self._api, node, unschedulable=True)

    def uncordon(self, node: str) -> None:
        cordon(self._api, node, unschedulable=False)

    def cordoned(self, node: str) -> bool:
        return is_cordoned(self._api, node)

    def evict(self, node: str) -> bool:
        allowed = [
            self._objects.evict(member.pod_name) for member in self._members.standing() if member.state.node == node
        ]
        return all(allowed)
