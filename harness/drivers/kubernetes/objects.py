"""Objects of any kind in one namespace: applied, read, changed and removed, as manifests describe them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import kubernetes.client
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient

from harness.drivers.containers.engine import HARNESS_LABEL
from harness.drivers.kubernetes.api import ANSWER_S_MAX, NOT_FOUND, Json, Namespace, asking, read
from harness.errors import InvalidInput
from harness.supervisor.scratch import Identity

MANAGER = "rollproof"
TOO_MANY = 429
"""What an eviction is answered that a disruption budget does not allow now."""
APPLY, MERGE, PATCH = (
    "application/apply-patch+yaml",
    "application/merge-patch+json",
    "application/json-patch+json",
)
KINDS: Mapping[str, str] = {
    "ConfigMap": "api/v1/{}/configmaps",
    "PersistentVolumeClaim": "api/v1/{}/persistentvolumeclaims",
    "Pod": "api/v1/{}/pods",
    "Secret": "api/v1/{}/secrets",
    "Service": "api/v1/{}/services",
    "ServiceAccount": "api/v1/{}/serviceaccounts",
    "Deployment": "apis/apps/v1/{}/deployments",
    "ReplicaSet": "apis/apps/v1/{}/replicasets",
    "StatefulSet": "apis/apps/v1/{}/statefulsets",
    "HorizontalPodAutoscaler": "apis/autoscaling/v2/{}/horizontalpodautoscalers",
    "Job": "apis/batch/v1/{}/jobs",
    "EndpointSlice": "apis/discovery.k8s.io/v1/{}/endpointslices",
    "Ingress": "apis/networking.k8s.io/v1/{}/ingresses",
    "NetworkPolicy": "apis/networking.k8s.io/v1/{}/networkpolicies",
    "PodDisruptionBudget": "apis/policy/v1/{}/poddisruptionbudgets",
    "Role": "apis/rbac.authorization.k8s.io/v1/{}/roles",
    "RoleBinding": "apis/rbac.authorization.k8s.io/v1/{}/rolebindings",
}
"""What manifests may hold, and where the API has it. All of it lives in a namespace: nothing else is ever touched."""

PREPARED = frozenset({"Secret", "ServiceAccount", "Role", "RoleBinding"})
"""What a namespace may have been prepared with, before anything runs there."""
DERIVED = frozenset({"ReplicaSet", "EndpointSlice"})
"""What Kubernetes makes and removes by itself."""


def check_kind(document: Json) -> None:
    """Raises InvalidInput for what does not live in a namespace, or is not known."""
    kind = document["kind"]
    if kind not in KINDS:
        raise InvalidInput(f"a {kind} cannot be among the manifests; these can: {', '.join(KINDS)}")
    if "namespace" in document["metadata"]:
        raise InvalidInput(f"{kind} {document['metadata']['name']!r}: the namespace is the run's, and not to be named")


class Objects:
    """Raises Refused, with what the API server said, and HarnessError if it does not answer."""

    def __init__(self, namespace: Namespace) -> None:
        self.namespace = namespace
        # The paths are known, so there is nothing to be discovered.
        self._client: Any = DynamicClient(  # type: ignore[no-untyped-call]
            namespace.api.core.api_client, discoverer=lambda *_: None
        )

    def apply(self, document: Json) -> Json:
        """Server-side: what was applied before and is not in it any more is removed.

        Raises InvalidInput for what a namespace that was given has been prepared with: that is not ours to change.
        """
        kind, name = document["kind"], document["metadata"]["name"]
        if self.namespace.given and kind in PREPARED:
            self._check_ours(kind, name)
        labelled = self.namespace.labelled(document)
        with asking(f"apply {kind} {name}"):
            return self._ask("patch", _path(kind, name), labelled, APPLY, field_manager=MANAGER, force_conflicts=True)

    def merge(self, kind: str, name: str, changes: Json) -> Json:
        """Change these fields alone; None removes."""
        with asking(f"change {kind} {name}"):
            return self._ask("patch", _path(kind, name), changes, MERGE, field_manager=MANAGER)

    def replace(self, kind: str, name: str, pointer: str, value: object) -> Json:
        """Replace what `pointer`, a JSON pointer, leads to."""
        change = [{"op": "replace", "path": pointer, "value": value}]
        with asking(f"change {kind} {name}"):
            return self._ask("patch", _path(kind, name), change, PATCH, field_manager=MANAGER)

    def get(self, kind: str, name: str) -> Json:
        with asking(f"tell of {kind} {name}"):
            return self._ask("get", _path(kind, name))

    def all(self, kind: str, labels: Mapping[str, str] | None = None) -> list[Json]:
        selector = ",".join(f"{key}={value}" for key, value in (labels or {}).items())
        with asking(f"list each {kind}"):
            items: list[Json] = self._ask("get", _path(kind), label_selector=selector or None)["items"]
        return items

    def delete(self, kind: str, name: str) -> None:
        """What is gone already need not be deleted."""
        with asking(f"delete {kind} {name}"):
            try:
                self._ask("delete", _path(kind, name), {"propagationPolicy": "Background"})
            except ApiException as error:
                if error.status != NOT_FOUND:
                    raise

    def evict(self, pod: str) -> bool:
        """As a drain does it; False if a disruption budget does not allow it now. One that is gone is as good."""
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}}
        with asking(f"evict {pod}"):
            try:
                self._ask("post", f"{_path('Pod', pod)}/eviction", eviction)
            except ApiException as error:
                if error.status == TOO_MANY:
                    return False
                if error.status != NOT_FOUND:
                    raise
        return True

    def _check_ours(self, kind: str, name: str) -> None:
        for found in self.all(kind):
            metadata = found["metadata"]
            if metadata["name"] == name and not self.namespace.labels.items() <= metadata.get("labels", {}).items():
                raise InvalidInput(f"{kind} {name!r} is in the namespace {self.namespace.name} already")

    def _ask(self, method: str, path: str, body: object = None, content_type: str = "", **options: object) -> Json:
        answer = self._client.request(
            method,
            path.format(f"namespaces/{self.namespace.name}"),
            body=body,
            content_type=content_type or None,
            serialize=False,
            _request_timeout=ANSWER_S_MAX,
            **options,
        )
        document: Json = json.loads(answer.data)
        return document


def _path(kind: str, name: str = "") -> str:
    return f"{KINDS[kind]}/{name}".rstrip("/")


def cordon(api: kubernetes.client.CoreV1Api, node: str, *, unschedulable: bool) -> None:
    """Whether new pods may be put on the node, which is marked as this harness's as long as they may not."""
    marked = {"annotations": {HARNESS_LABEL: str(Identity.of(os.getpid())) if unschedulable else None}}
    with asking(f"{'cordon' if unschedulable else 'uncordon'} {node}"):
        read(api.patch_node, node, {"metadata": marked, "spec": {"unschedulable": unschedulable}})


def is_cordoned(api: kubernetes.client.CoreV1Api, node: str) -> bool:
    with asking(f"tell of {node}"):
        return bool(read(api.read_node, node)["spec"].get("unschedulable"))
