"""Ways to single pods, past the Service that users come in by: for smoke tests, and for asking whether one is ready."""

from __future__ import annotations

from harness.drivers.kubernetes.api import Json
from harness.drivers.kubernetes.native.members import Member
from harness.drivers.kubernetes.objects import Objects

INSTANCE = "rollproof.instance"
"""Label of the pod that is reached by a door of its own."""


class Doors:
    """`port` is the one of the Service that users come in by."""

    def __init__(self, objects: Objects, node_address: str, port: Json) -> None:
        self._objects = objects
        self._node_address = node_address
        self._port = {"port": port["port"], "targetPort": port.get("targetPort", port["port"])}
        self._urls: dict[str, str] = {}

    def url(self, name: str) -> str:
        """Of an instance; "" where none was opened."""
        return self._urls.get(name, "")

    def open(self, member: Member) -> None:
        """The pod is reached by it whether it is ready or not."""
        self._objects.merge("Pod", member.pod_name, {"metadata": {"labels": {INSTANCE: member.name}}})
        made = self._objects.apply(
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": _door_of(member.name)},
                "spec": {
                    "type": "NodePort",
                    "selector": {INSTANCE: member.name},
                    "publishNotReadyAddresses": True,
                    "ports": [self._port],
                },
            }
        )
        self._urls[member.name] = f"http://{self._node_address}:{made['spec']['ports'][0]['nodePort']}"

    def close(self, name: str) -> None:
        """Does nothing where none was opened."""
        if self._urls.pop(name, ""):
            self._objects.delete("Service", _door_of(name))


def _door_of(name: str) -> str:
    return f"{name}-door"
