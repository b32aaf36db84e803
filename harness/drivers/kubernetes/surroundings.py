"""What a system on Kubernetes finds when it starts, and how its pods tell their version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.drivers.containers.images import service_image
from harness.drivers.kubernetes.api import Json
from harness.drivers.kubernetes.deployments import VERSION, named
from harness.drivers.kubernetes.objects import Objects
from harness.drivers.kubernetes.templates import key_of, render
from harness.drivers.migrations import Migrations
from harness.drivers.runtime import Address
from harness.environment import Environment
from harness.protocols import Workspace


@dataclass(frozen=True)
class Surroundings:
    """The same for as long as the system lives."""

    environment: Environment
    workspace: Workspace
    objects: Objects
    manifests: tuple[Json, ...]
    """As they are written."""
    values: Mapping[str, str]
    """For placeholders, but for those of a version."""
    migrations: Migrations
    node_address: str
    users: Address
    """Where users come in."""
    stores: Mapping[str, str]
    """Where the harness reads each store."""

    def documents(self, version: str) -> tuple[Json, ...]:
        """The manifests at that version. Raises InvalidInput."""
        values = {**self.values, "version": version, "image": service_image(self.environment, version)}
        return render(self.environment, self.manifests, version, values)

    def furniture(self, documents: Iterable[Json]) -> tuple[Json, ...]:
        """What stands around the services: all but their Deployments, and the Service by which users come in."""
        own = {("Service", self.environment.routed.name)}
        own |= {("Deployment", service.name) for service in self.environment.services}
        return tuple(document for document in documents if key_of(document) not in own)

    def selector(self, service: str) -> Mapping[str, str]:
        """The labels of its pods."""
        labels: Mapping[str, str] = named(self.manifests, "Deployment", service)["spec"]["selector"]["matchLabels"]
        return labels


def version_of(environment: Environment, pod: Json) -> str:
    """Of a pod, or of the template of one: what it is marked as, if its image is that version's; else what its image
    is, as for pods that a tool of the user's changed."""
    images = {container["image"] for container in pod["spec"]["containers"]}
    marked = str(pod["metadata"].get("annotations", {}).get(VERSION, ""))
    if marked and service_image(environment, marked) in images:
        return marked
    for version in environment.versions:
        if service_image(environment, version.name) in images:
            return version.name
    return f"unknown ({', '.join(sorted(images))})"
