"""A cluster that others use too, where the harness may act in one namespace alone, and touches nothing else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import kubernetes.client
import pytest
import yaml

from harness.drivers.containers.engine import HARNESS_LABEL, RUN_LABEL, marks
from harness.drivers.kubernetes.api import Json, KubernetesApi, Namespace
from harness.drivers.kubernetes.cluster.kind import KindCluster
from harness.drivers.kubernetes.cluster.namespaces import CLAIM
from harness.drivers.kubernetes.native.driver import KubernetesDriver
from harness.drivers.kubernetes.objects import KINDS, Objects
from harness.environment_file import find_environment
from harness.errors import InvalidInput
from tests.integration.echo.running import eventually, workspace

pytestmark = [pytest.mark.kind, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
GIVEN, NEIGHBOUR = "team-a", "team-b"
RUN_S_MAX = 240.0
GROUPS = ["", "apps", "policy", "discovery.k8s.io", "networking.k8s.io"]
ROLE: Json = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "Role",
    "metadata": {"name": "harness"},
    "rules": [{"apiGroups": GROUPS, "resources": ["*"], "verbs": ["*"]}],
}
ACCOUNT: Json = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "harness"}}
BINDING: Json = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "RoleBinding",
    "metadata": {"name": "harness"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "harness"},
    "subjects": [{"kind": "ServiceAccount", "name": "harness", "namespace": GIVEN}],
}


@pytest.fixture(scope="module")
def api(cluster: KindCluster) -> KubernetesApi:
    """An administrator's."""
    return cluster.api()


@pytest.fixture(scope="module")
def image() -> str:
    """Of the ledger, on all nodes."""
    ledger = find_environment("ledger", ROOT)
    assert ledger.image
    with workspace() as space, KubernetesDriver().open(ledger, space):
        return ledger.image.name.replace("{version}", "1.0")


@pytest.fixture(scope="module")
def neighbour(api: KubernetesApi, image: str) -> Iterator[Objects]:
    """Somebody else's namespace, with a workload that bears the names of ours."""
    namespace = api.create_namespace(NEIGHBOUR, {}, {})
    namespace.await_account()
    objects = Objects(namespace)
    labels = {"app": "ledger"}
    container = {"name": "main", "image": image, "imagePullPolicy": "IfNotPresent", "command": ["sleep", "infinity"]}
    for kind, version, spec in (
        ("Service", "v1", {"selector": labels, "ports": [{"port": 8080}]}),
        (
            "Deployment",
            "apps/v1",
            {
                "replicas": 1,
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": [container], "terminationGracePeriodSeconds": 0},
                },
            },
        ),
    ):
        objects.apply({"apiVersion": version, "kind": kind, "metadata": {"name": "ledger"}, "spec": spec})
    objects.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "b"}})
    assert eventually(lambda: rolled_out(objects), 60)
    yield objects
    api.delete_namespace(NEIGHBOUR)


def rolled_out(objects: Objects) -> bool:
    """Kubernetes has nothing more to do for it: it writes the readiness of a pod into its slice a little later."""
    conditions = objects.get("Deployment", "ledger")["status"].get("conditions", ())
    complete = any(each.get("reason") == "NewReplicaSetAvailable" for each in conditions)
    endpoints = [each for found in objects.all("EndpointSlice") for each in found.get("endpoints") or ()]
    return complete and [each["conditions"]["ready"] for each in endpoints] == [True]


@dataclass(frozen=True)
class Limited:
    """A user who may do everything in one namespace, and nothing elsewhere."""

    objects: Objects
    """Of that namespace, as an administrator sees it."""
    variables: Mapping[str, str]

    def run(self, scenario: str, *options: str, reports: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            (sys.executable, "-m", "harness", "run", "--plain", "--reports", str(reports), *options, scenario),
            cwd=ROOT,
            env={**os.environ, **self.variables},
            capture_output=True,
            text=True,
            timeout=RUN_S_MAX,
            check=False,
        )


@pytest.fixture(scope="module")
def limited(api: KubernetesApi, cluster: KindCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Limited]:
    namespace = api.create_namespace(GIVEN, {}, {})
    namespace.await_account()
    objects = Objects(namespace)
    for document in (ACCOUNT, ROLE, BINDING):
        objects.apply(document)
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    context = {"cluster": config["clusters"][0]["name"], "user": "limited"}
    config["contexts"] = [{"name": "limited", "context": context}]
    config["users"] = [{"name": "limited", "user": {"token": token(api)}}]
    config["current-context"] = ""
    file = tmp_path_factory.mktemp("limited") / "kubeconfig"
    file.write_text(yaml.safe_dump(config))
    address = next(node.address for node in api.nodes())
    yield Limited(objects, {"KUBECONFIG": str(file), "HARNESS_KUBE_NODE_ADDRESS": address})
    api.delete_namespace(GIVEN)


def token(api: KubernetesApi) -> str:
    request = kubernetes.client.AuthenticationV1TokenRequest(
        spec=kubernetes.client.V1TokenRequestSpec(audiences=[], expiration_seconds=3600)
    )
    status = api.core.create_namespaced_service_account_token("harness", GIVEN, request).status
    assert status is not None
    assert status.token is not None
    return status.token


def state(objects: Objects) -> dict[tuple[str, str], str]:
    """The version of every object there, which changes whenever it does."""
    return {
        (kind, found["metadata"]["name"]): found["metadata"]["resourceVersion"]
        for kind in KINDS
        for found in objects.all(kind)
    }


def names(api: KubernetesApi) -> set[str]:
    return {found.name for found in api.namespaces("")}


def test_a_run_stays_in_its_namespace_and_leaves_it_as_it_was(
    api: KubernetesApi, limited: Limited, neighbour: Objects, tmp_path: Path
) -> None:
    before, there, known = state(neighbour), state(limited.objects), names(api)
    assert ("Deployment", "ledger") in before
    done = limited.run(
        "scenarios/kubernetes/kubernetes-rolling.toml", "--context=limited", f"--namespace={GIVEN}", reports=tmp_path
    )
    # That it works is what counts here, not how quickly.
    assert re.search(r"PASS +deployment .* is complete", done.stdout), done.stdout + done.stderr
    assert re.search(r"PASS +lost-events ", done.stdout), done.stdout + done.stderr
    assert state(neighbour) == before
    assert state(limited.objects) == there
    assert names(api) == known


def test_a_namespace_that_may_not_be_made_is_refused_in_one_message(
    api: KubernetesApi, limited: Limited, tmp_path: Path
) -> None:
    known = names(api)
    done = limited.run("scenarios/kubernetes/kubernetes-rolling.toml", "--context=limited", reports=tmp_path)
    assert done.returncode == InvalidInput.exit_code
    [message] = done.stderr.strip().splitlines()
    assert "forbidden" in message
    assert "name one that is there, and empty, with --namespace or HARNESS_KUBE_NAMESPACE" in message
    assert names(api) == known


def test_a_namespace_that_is_not_empty_is_refused(limited: Limited, tmp_path: Path) -> None:
    limited.objects.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "theirs"}, "data": {"a": "b"}})
    there = state(limited.objects)
    try:
        done = limited.run(
            "scenarios/rolling.toml", "--driver=kind", "--context=limited", f"--namespace={GIVEN}", reports=tmp_path
        )
        assert done.returncode == InvalidInput.exit_code
        assert f"the namespace {GIVEN} is not empty: it has ConfigMap theirs" in done.stderr
        assert state(limited.objects) == there
    finally:
        limited.objects.delete("ConfigMap", "theirs")


def test_a_node_that_is_not_ours_is_not_broken(limited: Limited, tmp_path: Path) -> None:
    done = limited.run(
        "scenarios/kubernetes/pitfalls/replicas.toml", "--context=limited", f"--namespace={GIVEN}", reports=tmp_path
    )
    assert done.returncode == InvalidInput.exit_code
    assert "does not offer Drainable; the cluster was not made by the harness" in done.stderr


def test_what_a_dead_harness_left_in_a_given_namespace_is_swept(limited: Limited) -> None:
    """Its claim tells that it is dead."""
    namespace = Namespace(limited.objects.namespace.api, GIVEN, {RUN_LABEL: "dead"}, given=True)
    dead = {**marks("dead"), HARNESS_LABEL: f"{os.getpid()}@1"}
    namespace.create_config_map({"metadata": {"name": CLAIM, "annotations": dead}})
    namespace.create_config_map({"metadata": {"name": "left"}})
    done = subprocess.run(
        (sys.executable, "-m", "harness", "sweep"),
        cwd=ROOT,
        env={
            **os.environ,
            **limited.variables,
            "HARNESS_KUBE_CONTEXT": "limited",
            "HARNESS_KUBE_NAMESPACE": GIVEN,
        },
        capture_output=True,
        text=True,
        timeout=RUN_S_MAX,
        check=True,
    )
    assert f"contents of {GIVEN}" in done.stdout
    assert {("ConfigMap", "left"), ("ConfigMap", CLAIM)}.isdisjoint(state(limited.objects))
