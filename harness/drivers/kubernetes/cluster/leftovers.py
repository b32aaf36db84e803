"""What runs made in clusters, found by its marks, and its removal.

Run as `python -m harness.drivers.kubernetes.cluster.leftovers cluster NAME` it removes a cluster, and as
`… namespace NAME KUBECONFIG CONTEXT CLUSTER` a namespace, having mended CLUSTER, if that is one of ours, and as
`… contents NAME KUBECONFIG CONTEXT RUN` what a run made in a namespace that it was given.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from harness.drivers.containers.engine import HARNESS_LABEL, MACHINE_LABEL, RUN_LABEL, connect, machine
from harness.drivers.kubernetes.api import Found, KubernetesApi, Namespace
from harness.drivers.kubernetes.breaking.cluster import mend_of_dead_harnesses
from harness.drivers.kubernetes.cluster import kind
from harness.drivers.kubernetes.cluster.kind import KindCluster
from harness.drivers.kubernetes.cluster.namespaces import claim_of, clear, given_namespace
from harness.drivers.kubernetes.cluster.nodes import Nodes
from harness.drivers.kubernetes.objects import Objects
from harness.errors import MissingServer
from harness.supervisor.scratch import Identity
from harness.waiting import until

REMOVE = (sys.executable, "-P", "-m", __name__)
GONE_S_MAX = 60.0
LOOK_AGAIN_S = 2.0
CONTEXT = "HARNESS_KUBE_CONTEXT"
"""Environment variable that names the context of a cluster to be used in place of one of ours."""


@dataclass(frozen=True)
class Leftover:
    """A cluster, a namespace of one, or what was done to its nodes."""

    kind: str
    name: str


def removal_of_namespace(name: str, api: KubernetesApi, cluster: str) -> tuple[str, ...]:
    """The command that removes the namespace, for when this process cannot any more. `cluster` is its name if it is
    ours, and then mended before; else ""."""
    return (*REMOVE, "namespace", name, str(api.kubeconfig or ""), api.context or "", cluster)


def removal_from_namespace(name: str, api: KubernetesApi, run_id: str) -> tuple[str, ...]:
    """The command that removes what the run made in a namespace that it was given."""
    return (*REMOVE, "contents", name, str(api.kubeconfig or ""), api.context or "", run_id)


def removal_of_cluster(name: str) -> tuple[str, ...]:
    """The command that removes the cluster, for when this process cannot any more."""
    return (*REMOVE, "cluster", name)


def remove_of_dead_harnesses() -> tuple[Leftover, ...]:
    """Remove the clusters that dead harnesses made for themselves, and their namespaces in those that are kept.

    Raises HarnessError if a cluster does not answer.
    """
    clusters = _clusters()
    removed = []
    for cluster in clusters:
        if cluster.abandoned:
            kind.delete(cluster)
            removed.append(Leftover("cluster", cluster.name))
    kept = [cluster for cluster in clusters if cluster.kept and cluster.kubeconfig.exists()]
    removed.extend(Leftover("what was left of", mended) for cluster in kept for mended in _mend(cluster))
    apis = [cluster.api() for cluster in kept]
    if context := os.environ.get(CONTEXT):
        foreign = KubernetesApi(None, context)
        if given := given_namespace():
            removed.extend(_clear(foreign, given))
        else:
            apis.append(foreign)
    return (*removed, *(leftover for api in apis for leftover in _remove_namespaces(api)))


def _clear(api: KubernetesApi, name: str) -> Iterator[Leftover]:
    """What a dead harness left in a namespace that it was given."""
    claim = claim_of(Objects(Namespace(api, name)))
    if claim is not None and claim.abandoned:
        clear(Namespace(api, name, {RUN_LABEL: claim.run_id}, given=True))
        yield Leftover("contents of", name)


def is_abandoned(namespace: Found) -> bool:
    """Made by a harness of this machine that is dead; of other machines' nothing is known."""
    if namespace.marks.get(MACHINE_LABEL) != machine():
        return False
    try:
        return not Identity.parse(namespace.marks.get(HARNESS_LABEL, "")).lives
    except ValueError:
        return False


def _remove_namespaces(api: KubernetesApi) -> Iterator[Leftover]:
    for namespace in api.namespaces(RUN_LABEL):
        if is_abandoned(namespace):
            api.delete_namespace(namespace.name)
            yield Leftover("namespace", namespace.name)


def _mend(cluster: KindCluster) -> tuple[str, ...]:
    """Namespaces go only when all nodes are there, and the API server is."""
    with closing(connect()) as engine:
        return mend_of_dead_harnesses(cluster.api(), Nodes.of_cluster(engine, cluster.name))


def _clusters() -> tuple[KindCluster, ...]:
    """None where there is no kind, or no Docker engine."""
    try:
        kind.need_kind()
        with closing(connect()):
            return kind.clusters()
    except MissingServer:
        return ()


def main() -> None:
    what, name, *where = sys.argv[1:]
    if what == "cluster":
        # Twice, as the engine may have been about to make one of its nodes.
        until(lambda: not _remove_cluster(name), GONE_S_MAX, LOOK_AGAIN_S)
        return
    kubeconfig, context, other = where
    api = KubernetesApi(Path(kubeconfig) if kubeconfig else None, context or None)
    if what == "contents":
        namespace = Namespace(api, name, {RUN_LABEL: other}, given=True)
        claim = claim_of(Objects(namespace))
        if claim is not None and claim.run_id == other:
            clear(namespace)
    else:
        if other:
            _mend(KindCluster(other))
        api.delete_namespace(name)


def _remove_cluster(name: str) -> bool:
    """Whether there was something to remove."""
    there = [cluster for cluster in kind.clusters() if cluster.name == name]
    kind.delete(KindCluster(name))
    return bool(there)


if __name__ == "__main__":
    main()
