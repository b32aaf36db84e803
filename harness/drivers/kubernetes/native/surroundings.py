"""What a system on Kubernetes is made from, and what it finds when it starts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.drivers.containers.images import service_image
from harness.drivers.kubernetes.api import Json
from harness.drivers.kubernetes.native.deployments import IMAGES, VERSION, images_of, named
from harness.drivers.kubernetes.native.templates import key_of, render
from harness.drivers.kubernetes.objects import Objects
from harness.drivers.migrations import Migrations
from harness.drivers.runtime import Address
from harness.environment import Environment


@dataclass(frozen=True)
class Blueprint:
    """The environment's manifests, and what they mean. `values` are those of placeholders but for a version's own."""

    environment: Environment
    manifests: tuple[Json, ...]
    """As they are written."""
    values: Mapping[str, str]

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

    def version_of(self, pod: Json) -> str:
        """Of a pod, or of the template of one: what it is marked as, if it has that version's image, or the images with
        which it was marked; else what its image is, as for pods that a tool of the user's changed."""
        marks, images = pod["metadata"].get("annotations", {}), images_of(pod)
        marked = str(marks.get(VERSION, ""))
        if marked and (
            service_image(self.environment, marked) in images or set(marks.get(IMAGES, "").split(",")) <= set(images)
        ):
            return marked
        for version in self.environment.versions:
            if service_image(self.environment, version.name) in images:
                return version.name
        return f"unknown ({', '.join(images)})"


@dataclass(frozen=True)
class Surroundings:
    """The same for as long as a system lives."""

    blueprint: Blueprint
    objects: Objects
    migrations: Migrations
    node_address: str
    users: Address
    """Where users come in."""
    stores: Mapping[str, str]
    """Where the harness reads each store."""
