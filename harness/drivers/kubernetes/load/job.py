"""What Kubernetes is told of the load's workers: one indexed Job, and a way to each of its pods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.drivers.kubernetes.api import CONTAINER, Json, Node
from harness.drivers.kubernetes.cluster.images import is_for_servers
from harness.drivers.kubernetes.pods.manifests import ROLE, SERVERS_NODE
from harness.load.wire import GIVEN, PORT, WORK

LOAD = "load"
LOAD_NODE = "rollproof.load"
"""Label of the nodes for the load's workers, so that they take nothing from what they measure."""
JOB = "batch.kubernetes.io/job-name"
INDEX = "batch.kubernetes.io/job-completion-index"
REQUESTS = {"cpu": "100m", "memory": "128Mi"}
LIMITS = {"memory": "1Gi"}
"""No limit of CPU: a worker that is throttled measures itself."""
GRACE_S = 5


def may_take_workers(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """Those for workers, if there are any; else those for servers, which nothing is broken on; else those for all."""
    nodes = tuple(nodes)
    return (
        tuple(node for node in nodes if node.labels.get(LOAD_NODE) == "true")
        or tuple(node for node in nodes if is_for_servers(node))
        or tuple(node for node in nodes if not node.taken)
    )


def secret(name: str, files: Mapping[str, str]) -> Json:
    """The token is among them."""
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": dict(files)}


def job(name: str, workers: int, image: str, labels: Mapping[str, str], nodes: Iterable[Node]) -> Json:
    """A pod a worker; one that fails is not made again, as another one would know nothing of what it recorded."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "labels": dict(labels)},
        "spec": {
            "completionMode": "Indexed",
            "completions": workers,
            "parallelism": workers,
            "backoffLimitPerIndex": 0,
            "template": {
                "metadata": {"labels": {**labels, ROLE: LOAD}},
                "spec": {
                    "restartPolicy": "Never",
                    "terminationGracePeriodSeconds": GRACE_S,
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,
                    "containers": [_container(image)],
                    "volumes": [
                        {"name": "given", "secret": {"secretName": name}},
                        {"name": "work", "emptyDir": {}},
                    ],
                    **_placement(nodes),
                },
            },
        },
    }


def service(job: str, index: int) -> Json:
    """The way to one worker's agent, by a port of every node."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": f"{job}-{index}"},
        "spec": {
            "type": "NodePort",
            "selector": pod_labels(job, index),
            "publishNotReadyAddresses": True,
            "ports": [{"port": PORT}],
        },
    }


def pod_labels(job: str, index: int) -> Mapping[str, str]:
    """By which Kubernetes knows the pod of a Job."""
    return {JOB: job, INDEX: str(index)}


def _container(image: str) -> Json:
    return {
        "name": CONTAINER,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "workingDir": str(WORK),
        "ports": [{"containerPort": PORT}],
        "resources": {"requests": REQUESTS, "limits": LIMITS},
        "volumeMounts": [
            {"name": "given", "mountPath": str(GIVEN), "readOnly": True},
            {"name": "work", "mountPath": str(WORK)},
        ],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "runAsNonRoot": True,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }


def _placement(nodes: Iterable[Node]) -> Json:
    """As `may_take_workers` says, and apart from each other as far as that goes."""
    chosen = may_take_workers(nodes)
    spread: Json = {
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": {ROLE: LOAD}},
            }
        ]
    }
    for label in (LOAD_NODE, SERVERS_NODE):
        if chosen and all(node.labels.get(label) == "true" for node in chosen):
            return {**spread, "nodeSelector": {label: "true"}, "tolerations": [{"operator": "Exists"}]}
    return spread
