"""A system that Kubernetes runs, told by canned objects: when a rollout is complete, who is served, what is undone."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from harness.drivers.kubernetes.native.deployments import VERSION
from harness.drivers.kubernetes.native.members import Member, Members
from harness.drivers.kubernetes.native.surroundings import Blueprint, Surroundings
from harness.drivers.kubernetes.native.system import KubernetesSystem
from harness.drivers.kubernetes.native.tools import Tools
from harness.drivers.kubernetes.objects import Objects
from harness.drivers.migrations import Migrations
from harness.drivers.runtime import Address
from harness.environment import Image
from harness.errors import StepFailed
from harness.protocols import Rollout, RolloutState
from tests.unit.fakes import ENVIRONMENT

Json = dict[str, Any]
SHOP = replace(ENVIRONMENT, image=Image("shop:{version}"))


def template(app: str, version: str) -> Json:
    labels = {"app": app, VERSION: version}
    return {
        "metadata": {"labels": labels, "annotations": {VERSION: version}},
        "spec": {"containers": [{"image": f"shop:{version}"}]},
    }


def deployment(app: str, version: str, replicas: int, *, available: int | None = None, name: str = "") -> Json:
    counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas"), replicas)
    return {
        "kind": "Deployment",
        "metadata": {
            "name": name or app,
            "uid": name or app,
            "generation": 1,
            "annotations": {"deployment.kubernetes.io/revision": "2"},
        },
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": app}},
            "template": template(app, version),
        },
        "status": {
            **counts,
            "observedGeneration": 1,
            "availableReplicas": replicas if available is None else available,
        },
    }


def pod(name: str, app: str, version: str) -> Json:
    return {**template(app, version), "metadata": {"name": name}, "status": {}}


@dataclass
class CannedObjects:
    """What the cluster holds; changes are noted, and have no effect."""

    held: dict[str, list[Json]] = field(default_factory=dict)
    replaced: list[tuple[str, str, str, object]] = field(default_factory=list)

    def get(self, kind: str, name: str) -> Json:
        return next(each for each in self.held[kind] if each["metadata"]["name"] == name)

    def all(self, kind: str, labels: Mapping[str, str] | None = None) -> list[Json]:
        return deepcopy(self.held.get(kind, []))

    def replace(self, kind: str, name: str, pointer: str, value: object) -> Json:
        self.replaced.append((kind, name, pointer, value))
        return {}


@dataclass
class CannedMembers:
    members: list[Member] = field(default_factory=list)

    def standing(self) -> tuple[Member, ...]:
        return tuple(self.members)

    def by_pod(self) -> Mapping[str, Member]:
        return {member.pod_name: member for member in self.members}


@dataclass
class World:
    objects: CannedObjects = field(default_factory=CannedObjects)
    members: CannedMembers = field(default_factory=CannedMembers)

    def stands(self, *versions: str, served: tuple[str, ...] = (), service: str = "web") -> None:
        """Pods of these versions; those of the versions that are `served` are behind the Service."""
        self.members.members = [
            Member(f"{service}-{number}", service, version, pod(f"pod-{number}", service, version))
            for number, version in enumerate(versions, 1)
        ]
        endpoints = [
            {"conditions": {"ready": member.version in served}, "targetRef": {"name": member.pod_name}}
            for member in self.members.members
        ]
        stranger = {"conditions": {"ready": True}, "targetRef": {"name": "nobody's"}}
        self.objects.held["EndpointSlice"] = [{"endpoints": [*endpoints, stranger]}, {"endpoints": None}]

    def system(self) -> KubernetesSystem:
        manifests = (
            {
                "kind": "Service",
                "metadata": {"name": "web"},
                "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
            },
            deployment("web", "1", 2),
            deployment("worker", "1", 1),
        )
        surroundings = Surroundings(
            Blueprint(SHOP, manifests, {}),
            cast(Objects, self.objects),
            cast(Migrations, None),
            "10.0.0.1",
            Address("127.0.0.1", 30080),
            {},
        )
        return KubernetesSystem(surroundings, cast(Members, self.members), cast(Tools, None), "1")


@pytest.fixture
def world() -> World:
    return World()


def state(rollout: Rollout) -> tuple[RolloutState, str]:
    return rollout.state, rollout.version


def test_a_rollout_is_complete_when_one_version_is_all_that_there_is_and_all_that_is_served(world: World) -> None:
    world.objects.held["Deployment"] = [deployment("web", "2", 2)]
    world.stands("2", "2", served=("2",))
    assert state(world.system().rollout("web")) == (RolloutState.COMPLETE, "2")


@pytest.mark.parametrize(
    ("standing", "served"),
    [(("1", "2", "2"), ("1", "2")), (("2", "2"), ()), (("1", "2"), ("2",)), ((), ())],
    ids=["old pods are left", "nobody is served", "old pods are left behind", "there is none"],
)
def test_until_then_it_goes_on_whatever_its_deployments_say(
    world: World, standing: tuple[str, ...], served: tuple[str, ...]
) -> None:
    world.objects.held["Deployment"] = [deployment("web", "2", 2)]
    world.stands(*standing, served=served)
    rollout = world.system().rollout("web")
    assert rollout.state is RolloutState.PROGRESSING
    assert rollout.reason.startswith("there are ")


def test_deployments_that_others_made_of_the_service_s_pods_count(world: World) -> None:
    """As a tool's own, beside ours."""
    green = deployment("web", "2", 2, available=1, name="web-green")
    world.objects.held["Deployment"] = [deployment("web", "1", 0), green, deployment("worker", "1", 1, available=0)]
    world.stands("2", "2", served=("2",))
    assert state(world.system().rollout("web")) == (RolloutState.PROGRESSING, "2")


def test_why_a_pod_does_not_come_up_is_told(world: World) -> None:
    world.objects.held["Deployment"] = [deployment("web", "2", 2, available=0)]
    world.stands("2")
    waiting = {"reason": "ErrImagePull", "message": "no such image"}
    world.members.members[0].pod["status"] = {"containerStatuses": [{"state": {"waiting": waiting}}]}
    assert world.system().rollout("web").reason.endswith("; web-1: ErrImagePull: no such image")


def test_a_worker_is_served_by_nobody(world: World) -> None:
    world.objects.held["Deployment"] = [deployment("worker", "2", 1)]
    world.stands("2", service="worker")
    assert state(world.system().rollout("worker")) == (RolloutState.COMPLETE, "2")


def test_only_pods_that_are_ready_and_known_serve(world: World) -> None:
    world.stands("1", "1", "2", "3", served=("1", "2"))
    assert world.system().serving() == {"1": 2, "2": 1}


def test_the_service_selects_one_version_or_all(world: World) -> None:
    world.stands()
    system = world.system()
    system.route({"1": 0, "2": 100})
    system.route({"1": 50, "2": 50})
    assert [value for _, _, _, value in world.objects.replaced] == [{"app": "web", VERSION: "2"}, {"app": "web"}]


def test_undoing_brings_back_the_pods_of_the_revision_before(world: World) -> None:
    world.objects.held["Deployment"] = [deployment("web", "2", 2)]
    before: Json = {
        "metadata": {
            "annotations": {"deployment.kubernetes.io/revision": "1"},
            "ownerReferences": [{"uid": "web"}],
        },
        "spec": {"template": template("web", "1")},
    }
    world.objects.held["ReplicaSet"] = [before]
    world.system().undo("web")
    assert world.objects.replaced == [("Deployment", "web", "/spec/template", template("web", "1"))]


def test_what_has_no_revision_before_cannot_be_undone(world: World) -> None:
    world.objects.held["Deployment"] = [deployment("web", "2", 2)]
    with pytest.raises(StepFailed, match="no revision to go back to"):
        world.system().undo("web")


def test_a_failure_of_what_was_asked_for_before_is_forgiven(world: World) -> None:
    failed = deployment("web", "2", 2, available=0)
    late = {
        "type": "Progressing",
        "reason": "ProgressDeadlineExceeded",
        "message": "too late",
        "lastUpdateTime": "noon",
    }
    failed["status"]["conditions"] = [late]
    world.objects.held["Deployment"] = [failed]
    world.stands("1", "1")
    system = world.system()
    assert system.rollout("web").state is RolloutState.FAILED
    with pytest.raises(StepFailed):
        system.undo("web")
    assert system.rollout("web").state is RolloutState.PROGRESSING
