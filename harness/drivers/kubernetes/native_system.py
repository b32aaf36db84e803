"""A system that Kubernetes runs by the environment's own manifests: its instances are pods of Deployments."""

from __future__ import annotations

import http.client
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import count

from harness.drivers.containers.images import service_image
from harness.drivers.kubernetes.api import NOT_FOUND, Json, Refused
from harness.drivers.kubernetes.deployments import (
    VERSION,
    deployed,
    named,
    previous_template,
    rollout_of,
    sibling,
    slug,
)
from harness.drivers.kubernetes.members import Member, Members
from harness.drivers.kubernetes.objects import Objects
from harness.drivers.kubernetes.templates import render
from harness.drivers.migrations import Migrations
from harness.drivers.runtime import Address
from harness.environment import Environment, Service
from harness.errors import HarnessError, StartFailed, StepFailed
from harness.placeholders import expand_all
from harness.protocols import (
    AS_WRITTEN,
    Command,
    Departure,
    Instance,
    Process,
    Rollout,
    RolloutPolicy,
    RolloutState,
    Workspace,
)
from harness.scenario import Change
from harness.versions import resolve
from harness.waiting import until

INSTANCE = "rollproof.instance"
"""Label of the pod that is reached by a door of its own."""
DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
SLICE_OF = "kubernetes.io/service-name"
WORKLOADS = ("Deployment", "StatefulSet", "Service")
CREATED_S_MAX = 15.0
ROUTED_S_MAX = 20.0
GONE_S_MAX = 30.0
"""Beyond a pod's own grace."""
READY_S_MAX = 1.0
POLL_S = 0.1
KILLED = -9


@dataclass(frozen=True)
class Surroundings:
    """What a system finds when it starts: the same for as long as it lives."""

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
    kubeconfig: str

    def documents(self, version: str) -> tuple[Json, ...]:
        """The manifests at that version. Raises InvalidInput."""
        values = {**self.values, "version": version, "image": service_image(self.environment, version)}
        return render(self.environment, self.manifests, version, values)

    def selector(self, service: str) -> Mapping[str, str]:
        """The labels of its pods."""
        labels: Mapping[str, str] = named(self.manifests, "Deployment", service)["spec"]["selector"]["matchLabels"]
        return labels


class KubernetesSystem:
    """Implements System and Platform. With instances added one by one, each version has a Deployment of its own, and
    the Service selects versions; a weight is the share of a version's pods."""

    def __init__(self, surroundings: Surroundings, members: Members, version: str) -> None:
        self.environment = surroundings.environment
        self._around = surroundings
        self._objects = surroundings.objects
        self._members = members
        self._based_on = {service.name: version for service in self.environment.services}
        self._selected: tuple[str, ...] = (version,)
        self._doors: dict[str, str] = {}
        self._tools = count(1)

    # ── System ───────────────────────────────────────────────────────────────────────────────────────────────────

    def instances(self) -> tuple[Instance, ...]:
        return tuple(self._facts(member) for member in self._members.standing())

    def add(self, service: str, version: str) -> Instance:
        if service == self._routed.name:
            self._select(self._selected)  # the new version's pods get no traffic as soon as they are ready
        before = set(self._members.by_pod())
        try:
            self._scale_up(service, version)
        except Refused as error:
            raise StartFailed(f"{service} {version} cannot be added: {error}") from error

        def come() -> list[Member]:
            return [
                member
                for member in self._members.standing()
                if member.pod_name not in before and (member.service, member.version) == (service, version)
            ]

        if not self._members.await_change(lambda: bool(come()), CREATED_S_MAX):
            raise StartFailed(f"no pod of {service} {version} was made within {CREATED_S_MAX:g} s")
        member = come()[0]
        if service == self._routed.name:
            self._open_door(member)
        return self._facts(member)

    def remove(self, name: str) -> Departure:
        began = time.monotonic()
        member = self._member(name)
        leaver = self._scale_down(member)
        grace_s = float(leaver.pod["spec"].get("terminationGracePeriodSeconds", 30))
        if not self._members.await_change(
            lambda: self._members.gone(leaver.pod_name) is not None, grace_s + GONE_S_MAX
        ):
            raise StepFailed(f"{name} ({leaver.pod_name}) was still there {GONE_S_MAX:g} s after its grace")
        if self._doors.pop(name, ""):
            self._objects.delete("Service", _door_of(name))
        exit_code = leaver.state.exit_code
        return Departure(exit_code, time.monotonic() - began, killed=exit_code == KILLED)

    def route(self, weights: Mapping[str, int]) -> None:
        self._selected = tuple(version for version, weight in weights.items() if weight)
        self._select(self._selected)
        if not until(lambda: self.serving() == self._ready_of(self._selected), ROUTED_S_MAX, POLL_S):
            raise HarnessError(
                f"the Service of {self._routed.name} did not come to {', '.join(self._selected)} within"
                f" {ROUTED_S_MAX:g} s, but to {dict(self.serving())}"
            )

    @property
    def url(self) -> str:
        return f"http://{self._around.users}"

    def ready(self, name: str) -> bool:
        """What Kubernetes says; where a door has been opened, the pod must answer by it as well."""
        member = self._member(name)
        url = self._doors.get(name, "")
        return member.ready and (not url or _answers(url, self._routed.ready_path))

    def migrate(self, command: Sequence[str], version: str) -> None:
        self._around.migrations.run(command, version)

    def store_url(self, store: str) -> str:
        return self._around.stores[store]

    def observed_split(self) -> Mapping[str, int]:
        """By pods, as kube-proxy counts no requests."""
        return self.serving()

    # ── Platform ─────────────────────────────────────────────────────────────────────────────────────────────────

    def apply(self, service: str, version: str, policy: RolloutPolicy) -> None:
        documents = self._around.documents(version)
        try:
            if service == self._routed.name:
                self._select(())
            for document in documents:
                if document["kind"] not in WORKLOADS:
                    self._objects.apply(document)
            if policy.recreate:  # what Kubernetes filled in for the other way would contradict it
                change = {"type": "Recreate", "rollingUpdate": None}
                self._objects.merge("Deployment", service, {"spec": {"strategy": change}})
            self._objects.apply(self._deployment(documents, service, version, policy))
        except Refused as error:
            raise StepFailed(f"{service} {version} cannot be applied: {error}") from error
        self._based_on[service] = version

    def undo(self, service: str) -> None:
        """As `kubectl rollout undo` does it: the pods of the revision before, nothing else."""
        try:
            deployment = self._objects.get("Deployment", service)
            template = previous_template(deployment, self._objects.all("ReplicaSet"))
            if template is None:
                raise StepFailed(f"the Deployment {service} has no revision to go back to")
            self._objects.replace("Deployment", service, "/spec/template", template)
        except Refused as error:
            raise StepFailed(f"the rollout of {service} cannot be undone: {error}") from error
        self._based_on[service] = self.version_of(template)

    def rollout(self, service: str) -> Rollout:
        """Of all Deployments of its pods, whoever made them; complete when one version is all that there is."""
        rollouts = [
            rollout_of(deployment, self.version_of(deployment["spec"]["template"]))
            for deployment in self._objects.all("Deployment")
            if self._around.selector(service).items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
        ]
        for state in (RolloutState.FAILED, RolloutState.PROGRESSING):
            for rollout in rollouts:
                if rollout.state is state:
                    return rollout
        there = Counter(member.version for member in self._members.standing() if member.service == service)
        version = next(iter(there), self._based_on[service])
        if len(there) > 1 or (service == self._routed.name and self.serving() != there):
            return Rollout(RolloutState.PROGRESSING, version, f"there are {dict(there)}, served by {self.serving()}")
        return Rollout(RolloutState.COMPLETE, version)

    def serving(self) -> Mapping[str, int]:
        by_pod = self._members.by_pod()
        pods = {
            endpoint["targetRef"]["name"]
            for each in self._objects.all("EndpointSlice", {SLICE_OF: self._routed.name})
            for endpoint in each["endpoints"] or ()
            if endpoint["conditions"].get("ready") and endpoint.get("targetRef")
        }
        versions = Counter(by_pod[pod].version for pod in pods if pod in by_pod)
        return dict(sorted(versions.items()))

    def run(self, argv: Sequence[str], change: Change) -> Process:
        """With the harness's own PATH and HOME, for tools keep things there; `{python}` and `{folder}` are the
        harness's interpreter and the environment's folder, where it runs. What it prints is among the run's logs."""
        name = f"tool-{next(self._tools)}"
        folder = self.environment.folder
        variables = {
            **{key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ},
            "KUBECONFIG": self._around.kubeconfig,
            "HARNESS_NAMESPACE": self._objects.namespace.name,
            "HARNESS_URL": self.url,
            "HARNESS_VERSION_OLD": change.old,
            "HARNESS_VERSION_NEW": change.new,
            "HARNESS_IMAGE": service_image(self.environment, change.new),
        }
        expanded = expand_all(argv, {"python": sys.executable, "folder": str(folder)})
        self._select(())
        log = self._around.workspace.logs / f"{name}.log"
        return self._around.workspace.spawner.spawn(Command(name, expanded, variables, folder, log))

    # ── for the site ─────────────────────────────────────────────────────────────────────────────────────────────

    def fill(self, version: str) -> None:
        """All services at `version`, ready and served. Raises StartFailed."""
        documents = self._around.documents(version)
        for service in self.environment.services:
            self._objects.apply(self._deployment(documents, service.name, version))
        for service in self.environment.services:
            if not until(partial(self._is_complete, service.name), service.ready_timeout_s * 3, POLL_S):
                raise StartFailed(f"{service.name} {version} did not come up: {self.rollout(service.name).reason}")
        if not until(lambda: _answers(self.url, self._routed.ready_path), ROUTED_S_MAX, POLL_S):
            raise StartFailed(f"{self._routed.name} {version} is not reached at {self.url}")

    def _is_complete(self, service: str) -> bool:
        return self.rollout(service).state is RolloutState.COMPLETE

    def version_of(self, pod: Json) -> str:
        """Of a pod, or of the template of one: what it is marked as, if its image is that version's; else what its
        image is, as for pods that a tool of the user's changed."""
        return version_of(self.environment, pod)

    # ── pods ─────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _routed(self) -> Service:
        return self.environment.routed

    def _service(self, name: str) -> Service:
        return next(service for service in self.environment.services if service.name == name)

    def _member(self, name: str) -> Member:
        standing = {member.name: member for member in self._members.standing()}
        if name not in standing:
            raise HarnessError(f"there is no instance {name!r}; there are {', '.join(standing) or 'none'}")
        return standing[name]

    def _facts(self, member: Member) -> Instance:
        return Instance(member.name, member.service, member.version, self._doors.get(member.name, ""))

    def _ready_of(self, versions: Iterable[str]) -> Mapping[str, int]:
        routed = (m for m in self._members.standing() if m.service == self._routed.name)
        return dict(sorted(Counter(m.version for m in routed if m.ready and m.version in versions).items()))

    def _deployment(
        self, documents: Iterable[Json], service: str, version: str, policy: RolloutPolicy = AS_WRITTEN
    ) -> Json:
        document = named(documents, "Deployment", service)
        return deployed(document, self._service(service), resolve(self.environment, version), policy)

    def _home(self, service: str, version: str) -> str:
        """The Deployment of that version's pods."""
        return service if self._based_on[service] == version else f"{service}-{slug(version)}"

    def _scale_up(self, service: str, version: str) -> None:
        home = self._home(service, version)
        try:
            replicas = self._objects.get("Deployment", home)["spec"]["replicas"]
        except Refused as error:
            if error.status != NOT_FOUND:
                raise
            documents = self._around.documents(version)
            self._objects.apply(sibling(self._deployment(documents, service, version), version, 1))
        else:
            self._objects.merge("Deployment", home, {"spec": {"replicas": replicas + 1}})

    def _scale_down(self, member: Member) -> Member:
        """Returns who leaves. Kubernetes is asked to choose that one, and may choose another of the same kind: they
        then change names."""
        home = self._home(member.service, member.version)
        alike = [m for m in self._members.standing() if (m.service, m.version) == (member.service, member.version)]
        cost = {"metadata": {"annotations": {DELETION_COST: "-1000"}}}
        self._objects.merge("Pod", member.pod_name, cost)
        replicas = self._objects.get("Deployment", home)["spec"]["replicas"]
        self._objects.merge("Deployment", home, {"spec": {"replicas": replicas - 1}})
        if not self._members.await_change(lambda: any(m.leaving or self._is_gone(m) for m in alike), CREATED_S_MAX):
            raise StepFailed(f"no pod of {home} was asked to go within {CREATED_S_MAX:g} s")
        leaver = member if member.leaving else next(m for m in alike if m.leaving or self._is_gone(m))
        if leaver is not member:
            self._members.swap(leaver, member)
        return leaver

    def _is_gone(self, member: Member) -> bool:
        return self._members.gone(member.pod_name) is not None

    def _open_door(self, member: Member) -> None:
        """For the harness alone: the pod is reached by it whether it is ready or not."""
        self._objects.merge("Pod", member.pod_name, {"metadata": {"labels": {INSTANCE: member.name}}})
        port = self._service_document()["spec"]["ports"][0]
        door = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": _door_of(member.name)},
            "spec": {
                "type": "NodePort",
                "selector": {INSTANCE: member.name},
                "publishNotReadyAddresses": True,
                "ports": [{"port": port["port"], "targetPort": port.get("targetPort", port["port"])}],
            },
        }
        made = self._objects.apply(door)
        node_port = made["spec"]["ports"][0]["nodePort"]
        self._doors[member.name] = f"http://{self._around.node_address}:{node_port}"

    # ── users ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _service_document(self) -> Json:
        return named(self._around.manifests, "Service", self._routed.name)

    def _select(self, versions: Sequence[str]) -> None:
        """Of one version, only its pods are served; of none or several, all that the manifests select."""
        selector = dict(self._service_document()["spec"]["selector"])
        if len(versions) == 1:
            selector[VERSION] = slug(versions[0])
        self._objects.replace("Service", self._routed.name, "/spec/selector", selector)


def version_of(environment: Environment, pod: Json) -> str:
    """See KubernetesSystem.version_of."""
    images = {container["image"] for container in pod["spec"]["containers"]}
    marked = str(pod["metadata"].get("annotations", {}).get(VERSION, ""))
    if marked and service_image(environment, marked) in images:
        return marked
    for version in environment.versions:
        if service_image(environment, version.name) in images:
            return version.name
    return f"unknown ({', '.join(sorted(images))})"


def _door_of(name: str) -> str:
    return f"{name}-door"


def _answers(url: str, path: str) -> bool:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=READY_S_MAX)
    with closing(connection):
        try:
            connection.request("GET", path)
            return connection.getresponse().status < http.client.BAD_REQUEST
        except (OSError, http.client.HTTPException):
            return False
