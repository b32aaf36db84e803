"""A system that Kubernetes runs by the environment's own manifests: its instances are pods of Deployments."""

from __future__ import annotations

import http.client
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing

from harness.drivers.kubernetes.api import Refused
from harness.drivers.kubernetes.native.deployments import named
from harness.drivers.kubernetes.native.doors import Doors
from harness.drivers.kubernetes.native.entrance import Entrance
from harness.drivers.kubernetes.native.members import Member, Members
from harness.drivers.kubernetes.native.releases import Releases
from harness.drivers.kubernetes.native.surroundings import Surroundings
from harness.drivers.kubernetes.native.tools import Tools
from harness.errors import HarnessError, StartFailed, StepFailed
from harness.protocols import Departure, Instance, Process, Rollout, RolloutPolicy, RolloutState
from harness.scenario import Change
from harness.waiting import until

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
CREATED_S_MAX = 15.0
ROUTED_S_MAX = 20.0
GONE_S_MAX = 30.0
"""Beyond a pod's own grace."""
START_FACTOR = 3
"""How much longer the first start of all services may take than that of an instance."""
READY_S_MAX = 1.0
POLL_S = 0.3
KILLED = -9


class KubernetesSystem:
    """Implements System and Platform. With instances added one by one, each version has a Deployment of its own, and
    the Service selects versions; a weight is the share of a version's pods."""

    def __init__(self, surroundings: Surroundings, members: Members, tools: Tools, version: str) -> None:
        self.environment = surroundings.blueprint.environment
        self._blueprint = surroundings.blueprint
        self._around = surroundings
        self._objects = surroundings.objects
        self._members = members
        self._tools = tools
        self._routed = self.environment.routed
        self._releases = Releases(self._blueprint, self._objects, version)
        service = named(self._blueprint.manifests, "Service", self._routed.name)
        self._entrance = Entrance(self._objects, members, service)
        self._doors = Doors(self._objects, surroundings.node_address, self._entrance.port)
        self._selected: tuple[str, ...] = (version,)

    # ── System ───────────────────────────────────────────────────────────────────────────────────────────────────

    def instances(self) -> tuple[Instance, ...]:
        return tuple(self._facts(member) for member in self._members.standing())

    def add(self, service: str, version: str) -> Instance:
        routed = service == self._routed.name
        before = self._members.by_pod().keys()
        try:
            if routed:
                self._entrance.select(self._selected)  # its pods get no traffic as soon as they are ready
            self._releases.grow(service, version)
        except Refused as error:
            raise StartFailed(f"{service} {version} cannot be added: {error}") from error

        def come() -> list[Member]:
            return [member for member in self._alike(service, version) if member.pod_name not in before]

        if not self._members.await_change(lambda: bool(come()), CREATED_S_MAX):
            raise StartFailed(f"no pod of {service} {version} was made within {CREATED_S_MAX:g} s")
        member = come()[0]
        if routed:
            self._doors.open(member)
        return self._facts(member)

    def remove(self, name: str) -> Departure:
        began = time.monotonic()
        leaver = self._send_away(self._member(name))
        grace_s = float(leaver.pod["spec"].get("terminationGracePeriodSeconds", 30))
        if not self._members.await_change(lambda: self._is_gone(leaver), grace_s + GONE_S_MAX):
            raise StepFailed(f"{name} ({leaver.pod_name}) was still there {GONE_S_MAX:g} s after its grace")
        self._doors.close(name)
        exit_code = leaver.state.exit_code
        return Departure(exit_code, time.monotonic() - began, killed=exit_code == KILLED)

    def route(self, weights: Mapping[str, int]) -> None:
        self._selected = tuple(version for version, weight in weights.items() if weight)
        self._entrance.select(self._selected)
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
        url = self._doors.url(name)
        return self._member(name).ready and (not url or _answers(url, self._routed.ready_path))

    def migrate(self, command: Sequence[str], version: str) -> None:
        self._around.migrations.run(command, version)

    def store_url(self, store: str) -> str:
        return self._around.stores[store]

    def observed_split(self) -> Mapping[str, int]:
        """Nothing: kube-proxy counts no requests."""
        return {}

    # ── Platform ─────────────────────────────────────────────────────────────────────────────────────────────────

    def apply(self, service: str, version: str, policy: RolloutPolicy) -> None:
        """With all that stands around the services, as the manifests have it at that version."""
        documents = self._blueprint.documents(version)
        try:
            self._releases.forgive()
            self._entrance.select(())
            for document in self._blueprint.furniture(documents):
                self._objects.apply(document)
            self._releases.put(documents, service, version, policy)
        except Refused as error:
            raise StepFailed(f"{service} {version} cannot be applied: {error}") from error

    def undo(self, service: str) -> None:
        try:
            self._releases.forgive()
            self._releases.undo(service)
        except Refused as error:
            raise StepFailed(f"the rollout of {service} cannot be undone: {error}") from error

    def rollout(self, service: str) -> Rollout:
        """Of all Deployments of its pods; complete when one version is all that there is, and all that is served."""
        rollouts = self._releases.of(service)
        for state in (RolloutState.FAILED, RolloutState.PROGRESSING):
            for rollout in rollouts:
                if rollout.state is state:
                    return Rollout(state, rollout.version, f"{rollout.reason}{self._trouble(service)}")
        there = Counter(member.version for member in self._members.standing() if member.service == service)
        version = next(iter(there), "")
        served = self.serving() if service == self._routed.name else there
        if len(there) != 1 or served != there:
            return Rollout(RolloutState.PROGRESSING, version, f"there are {dict(there)}, served by {dict(served)}")
        return Rollout(RolloutState.COMPLETE, version)

    def serving(self) -> Mapping[str, int]:
        return self._entrance.serving()

    def run(self, argv: Sequence[str], change: Change) -> Process:
        self._releases.forgive()
        return self._tools.start(argv, change, self.url)

    # ── for the site ─────────────────────────────────────────────────────────────────────────────────────────────

    def fill(self, version: str) -> None:
        """All services at `version`, ready and served. Raises StartFailed."""
        documents = self._blueprint.documents(version)
        try:
            for service in self.environment.services:
                self._releases.put(documents, service.name, version)
        except Refused as error:
            raise StartFailed(f"the manifests were refused: {error}") from error
        for service in self.environment.services:
            self._await_complete(service.name, service.ready_timeout_s * START_FACTOR)
        if not until(lambda: _answers(self.url, self._routed.ready_path), ROUTED_S_MAX, POLL_S):
            raise StartFailed(f"{self._routed.name} {version} is not reached at {self.url}")

    def _await_complete(self, service: str, timeout_s: float) -> None:
        if not until(lambda: self.rollout(service).state is RolloutState.COMPLETE, timeout_s, POLL_S):
            raise StartFailed(f"{service} did not come up within {timeout_s:g} s: {self.rollout(service).reason}")

    # ── pods ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _member(self, name: str) -> Member:
        standing = {member.name: member for member in self._members.standing()}
        if name not in standing:
            raise HarnessError(f"there is no instance {name!r}; there are {', '.join(standing) or 'none'}")
        return standing[name]

    def _alike(self, service: str, version: str) -> list[Member]:
        return [m for m in self._members.standing() if (m.service, m.version) == (service, version)]

    def _facts(self, member: Member) -> Instance:
        return Instance(member.name, member.service, member.version, self._doors.url(member.name))

    def _ready_of(self, versions: Sequence[str]) -> Mapping[str, int]:
        ready = (m.version for version in versions for m in self._alike(self._routed.name, version) if m.ready)
        return dict(sorted(Counter(ready).items()))

    def _trouble(self, service: str) -> str:
        """Why a pod of it does not come up, in Kubernetes' words, ready to be put behind a reason."""
        standing = (member for member in self._members.standing() if member.service == service)
        return next((f"; {member.name}: {member.state.trouble}" for member in standing if member.state.trouble), "")

    def _send_away(self, member: Member) -> Member:
        """Returns who leaves. Kubernetes is asked to choose that one, and may choose another of the same kind: they
        then change names."""
        alike = self._alike(member.service, member.version)
        self._objects.merge("Pod", member.pod_name, {"metadata": {"annotations": {DELETION_COST: "-1000"}}})
        self._releases.shrink(member.service, member.version)

        def leaving() -> list[Member]:
            return [each for each in alike if each.leaving or self._is_gone(each)]

        if not self._members.await_change(lambda: bool(leaving()), CREATED_S_MAX):
            raise StepFailed(f"no pod like {member.name} was asked to go within {CREATED_S_MAX:g} s")
        leaver = member if member in leaving() else leaving()[0]
        if leaver is not member:
            self._members.swap(leaver, member)
        return leaver

    def _is_gone(self, member: Member) -> bool:
        return self._members.gone(member.pod_name) is not None


def _answers(url: str, path: str) -> bool:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=READY_S_MAX)
    with closing(connection):
        try:
            connection.request("GET", path)
            return connection.getresponse().status < http.client.BAD_REQUEST
        except (OSError, http.client.HTTPException):
            return False
