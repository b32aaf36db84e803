"""Namespaces that are made, or given: nobody else's things are touched."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

import pytest

from harness.drivers.containers.engine import HARNESS_LABEL, MACHINE_LABEL, RUN_LABEL, machine, marks
from harness.drivers.kubernetes.api import FORBIDDEN, Json, KubernetesApi, Namespace, Refused
from harness.drivers.kubernetes.cluster import namespaces as module
from harness.drivers.kubernetes.cluster.namespaces import CLAIM, ROOT_CERTIFICATE, claimed_namespace, made_namespace
from harness.errors import HarnessError, InvalidInput

DEAD = f"{os.getpid()}@1"
"""Our own number, but it began at another time."""


@dataclass
class Cupboard:
    """What one namespace holds, by kind and name; some kinds may be `hidden` from us, some objects `stuck`."""

    things: dict[str, dict[str, Json]] = field(default_factory=lambda: defaultdict(dict))
    hidden: frozenset[str] = frozenset()
    stuck: bool = False

    def put(self, kind: str, name: str, **metadata: object) -> None:
        self.things[kind][name] = {"metadata": {"name": name, **metadata}}

    def all(self, kind: str) -> list[Json]:
        if kind in self.hidden:
            raise Refused(f"{kind} is forbidden", FORBIDDEN)
        return list(self.things[kind].values())

    def delete(self, kind: str, name: str) -> None:
        if not self.stuck:
            del self.things[kind][name]

    def names(self) -> set[str]:
        return {name for things in self.things.values() for name in things}


@pytest.fixture
def cupboard(monkeypatch: pytest.MonkeyPatch) -> Cupboard:
    """Of the namespace that is given in these tests."""
    made = Cupboard()
    made.put("ConfigMap", ROOT_CERTIFICATE)
    made.put("ServiceAccount", "default")
    made.put("Secret", "registry")
    monkeypatch.setattr(module, "Objects", lambda _: made)

    def create_config_map(namespace: Namespace, manifest: Json) -> str:
        metadata = namespace.labelled(manifest)["metadata"]
        made.put("ConfigMap", **metadata)
        return str(metadata["name"])

    monkeypatch.setattr(Namespace, "create_config_map", create_config_map)
    return made


class Api:
    """An API that is not asked anything by itself."""

    class core:
        list_namespaced_pod = list_namespaced_event = None


API = cast(KubernetesApi, Api())


def test_a_given_namespace_is_claimed_and_left_as_it_was(cupboard: Cupboard) -> None:
    before = cupboard.names()
    with claimed_namespace(API, "team-a", "7") as namespace:
        assert (namespace.name, namespace.given, namespace.labels) == ("team-a", True, {RUN_LABEL: "7"})
        claim = cupboard.things["ConfigMap"][CLAIM]["metadata"]
        assert claim["annotations"] == marks("7")
        cupboard.put("Service", "web", labels={RUN_LABEL: "7"})
        cupboard.put("ReplicaSet", "web-1", labels={RUN_LABEL: "7"})  # Kubernetes removes it by itself
        cupboard.put("Service", "somebody-elses", labels={"app": "web"})
        cupboard.put("Secret", "ours", labels={RUN_LABEL: "7", "app": "web"})
    assert cupboard.names() == {*before, "somebody-elses", "web-1"}


@pytest.mark.parametrize("kind", ["Pod", "Service", "Deployment", "ConfigMap"])
def test_a_namespace_that_is_not_empty_is_refused_and_left_alone(cupboard: Cupboard, kind: str) -> None:
    cupboard.put(kind, "theirs")
    before = cupboard.names()
    with (
        pytest.raises(InvalidInput, match=f"the namespace team-a is not empty: it has {kind} theirs"),
        claimed_namespace(API, "team-a", "7"),
    ):
        pytest.fail("it was not to be used")
    assert cupboard.names() == before


def test_a_namespace_of_another_run_is_refused(cupboard: Cupboard) -> None:
    with (
        claimed_namespace(API, "team-a", "7"),
        pytest.raises(InvalidInput, match=r"is used by the run 7$"),
        claimed_namespace(API, "team-a", "8"),
    ):
        pytest.fail("it was not to be used")


@pytest.mark.parametrize(("where", "swept"), [(machine(), True), ("another machine", False)])
def test_whose_harness_is_dead_is_told_where_that_is_known(cupboard: Cupboard, where: str, swept: bool) -> None:
    told = {RUN_LABEL: "6", HARNESS_LABEL: DEAD, MACHINE_LABEL: where}
    cupboard.put("ConfigMap", CLAIM, annotations=told)
    with pytest.raises(InvalidInput) as refusal, claimed_namespace(API, "team-a", "7"):
        pytest.fail("it was not to be used")
    assert ("harness sweep" in str(refusal.value)) is swept


def test_what_may_not_be_listed_cannot_have_been_made(cupboard: Cupboard) -> None:
    cupboard.hidden = frozenset({"Role", "Ingress"})
    with claimed_namespace(API, "team-a", "7"):
        pass
    assert CLAIM not in cupboard.names()


def test_pods_that_do_not_go_are_told_and_the_claim_stays(cupboard: Cupboard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GONE_S_MAX", 0.02)
    monkeypatch.setattr(module, "POLL_S", 0.005)
    cupboard.stuck = True
    with (
        pytest.raises(HarnessError, match="pods in the namespace team-a were still there"),
        claimed_namespace(API, "team-a", "7"),
    ):
        cupboard.put("Pod", "web", labels={RUN_LABEL: "7"})
    assert CLAIM in cupboard.names()


def test_a_namespace_that_may_not_be_made_is_refused_with_what_to_do() -> None:
    class Strict(Api):
        def create_namespace(self, name: str, labels: Mapping[str, str], annotations: Mapping[str, str]) -> Namespace:
            raise Refused("Kubernetes did not make the namespace: namespaces is forbidden", FORBIDDEN)

        def delete_namespace(self, name: str) -> None:
            pytest.fail("there is nothing to be removed")

    with (
        pytest.raises(InvalidInput, match="is forbidden; name one that is there, and empty, with --namespace or"),
        made_namespace(cast(KubernetesApi, Strict()), "rollproof-7", "7"),
    ):
        pytest.fail("there is none")


def test_a_refusal_within_is_not_taken_for_one_of_the_namespace() -> None:
    removed = []

    class Lenient(Api):
        def create_namespace(self, name: str, labels: Mapping[str, str], annotations: Mapping[str, str]) -> Namespace:
            namespace = Namespace(cast(KubernetesApi, self), name, labels)
            namespace.await_account = lambda: None  # type: ignore[method-assign]
            return namespace

        def delete_namespace(self, name: str) -> None:
            removed.append(name)

    with pytest.raises(Refused, match="pods are forbidden"), made_namespace(cast(KubernetesApi, Lenient()), "r-7", "7"):
        raise Refused("pods are forbidden", FORBIDDEN)
    assert removed == ["r-7"]
