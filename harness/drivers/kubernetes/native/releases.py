"""The Deployments of the services: for each one as the manifests have it, and beside it one for each version that is
added to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.drivers.kubernetes.api import NOT_FOUND, Json, Refused
from harness.drivers.kubernetes.native.deployments import (
    deployed,
    failure_of,
    named,
    previous_template,
    rollout_of,
    sibling,
    slug,
)
from harness.drivers.kubernetes.native.surroundings import Blueprint
from harness.drivers.kubernetes.objects import Objects
from harness.environment import Service
from harness.errors import StepFailed
from harness.protocols import AS_WRITTEN, Rollout, RolloutPolicy
from harness.versions import resolve


class Releases:
    """Raises Refused, and HarnessError if the API server does not answer. At first all services are at `version`."""

    def __init__(self, blueprint: Blueprint, objects: Objects, version: str) -> None:
        self._blueprint = blueprint
        self._environment = blueprint.environment
        self._objects = objects
        self._based_on = {service.name: version for service in blueprint.environment.services}
        self._past_failures: frozenset[str] = frozenset()

    def put(self, documents: Iterable[Json], service: str, version: str, policy: RolloutPolicy = AS_WRITTEN) -> None:
        """The service's own Deployment is to be at that version, as `documents` have it."""
        if policy.recreate:  # what Kubernetes filled in for the other way would contradict it
            change = {"type": "Recreate", "rollingUpdate": None}
            self._objects.merge("Deployment", service, {"spec": {"strategy": change}})
        self._objects.apply(self._deployment(documents, service, version, policy))
        self._based_on[service] = version

    def undo(self, service: str) -> None:
        """As `kubectl rollout undo` does it: the pods of the revision before, nothing else. Raises StepFailed if there
        is none."""
        deployment = self._objects.get("Deployment", service)
        template = previous_template(deployment, self._objects.all("ReplicaSet"))
        if template is None:
            raise StepFailed(f"the Deployment {service} has no revision to go back to")
        self._objects.replace("Deployment", service, "/spec/template", template)
        self._based_on[service] = self._blueprint.version_of(template)

    def of(self, service: str) -> Sequence[Rollout]:
        """How far each Deployment of its pods has come, whoever made it."""
        labels = self._blueprint.selector(service).items()
        return tuple(
            rollout_of(each, self._blueprint.version_of(each["spec"]["template"]), self._past_failures)
            for each in self._objects.all("Deployment")
            if labels <= each["spec"]["template"]["metadata"]["labels"].items()
        )

    def forgive(self) -> None:
        """What has failed until now says nothing of what is asked for next."""
        failures = (failure_of(deployment) for deployment in self._objects.all("Deployment"))
        self._past_failures = frozenset(failure for failure in failures if failure)

    def grow(self, service: str, version: str) -> None:
        """One more pod of that version."""
        home = self.home(service, version)
        try:
            replicas = self._objects.get("Deployment", home)["spec"]["replicas"]
        except Refused as error:
            if error.status != NOT_FOUND:
                raise
            own = self._deployment(self._blueprint.documents(version), service, version, AS_WRITTEN)
            self._objects.apply(sibling(own, version, 1))
        else:
            self._objects.merge("Deployment", home, {"spec": {"replicas": replicas + 1}})

    def shrink(self, service: str, version: str) -> None:
        """One less."""
        home = self.home(service, version)
        replicas = self._objects.get("Deployment", home)["spec"]["replicas"]
        self._objects.merge("Deployment", home, {"spec": {"replicas": replicas - 1}})

    def home(self, service: str, version: str) -> str:
        """The Deployment of that version's pods."""
        return service if self._based_on[service] == version else f"{service}-{slug(version)}"

    def _deployment(self, documents: Iterable[Json], service: str, version: str, policy: RolloutPolicy) -> Json:
        document = named(documents, "Deployment", service)
        return deployed(document, self._service(service), resolve(self._environment, version), policy)

    def _service(self, name: str) -> Service:
        return next(service for service in self._environment.services if service.name == name)
