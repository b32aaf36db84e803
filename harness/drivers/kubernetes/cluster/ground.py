"""The cluster that a run uses: one that the user names, one of ours that is kept, or one made for the run alone."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import Enum

import docker

from harness.drivers.containers.engine import refusing
from harness.drivers.kubernetes.api import FORBIDDEN, KubernetesApi, Node, Refused
from harness.drivers.kubernetes.cluster import kind
from harness.drivers.kubernetes.cluster.leftovers import CONTEXT, removal_of_cluster
from harness.drivers.kubernetes.cluster.nodes import Nodes
from harness.drivers.kubernetes.pods.manifests import SERVERS_NODE
from harness.drivers.parts import stopping
from harness.drivers.runtime import Address
from harness.drivers.watchdog import watching
from harness.environment import Environment
from harness.errors import HarnessError, InvalidInput
from harness.protocols import Workspace

NODE_ADDRESS = "HARNESS_KUBE_NODE_ADDRESS"
"""Environment variable with the address by which node ports are reached, where the cluster is not to be asked."""
KIND_CONTEXT = "kind-"
"""What kind puts before a cluster's name to make its context."""


@dataclass(frozen=True)
class Ground:
    api: KubernetesApi
    all_nodes: tuple[Node, ...]
    nodes: Nodes | None = None
    """Where the cluster's nodes are containers of this machine."""
    kind: str = ""
    """By which kind knows it; "" for a cluster that kind did not make."""
    ours: bool = False
    """The harness made it, so that it may be broken."""
    doors: Mapping[int, Address] = field(default_factory=dict)

    @property
    def node_address(self) -> str:
        """Where node ports are reached. Raises HarnessError if no node is ready."""
        for node in self.all_nodes:
            if node.ready and node.address:
                return node.address
        raise HarnessError("no node of the cluster is ready")

    def when_ready(self) -> Ground:
        """With its nodes as they are then, if the cluster is ours. Raises HarnessError, naming those that are late."""
        if not self.ours:
            return self
        kind.await_ready(kind.KindCluster(self.kind))
        return replace(self, all_nodes=self.api.nodes())


def chosen_context() -> str:
    """The context of the cluster that is to be used; "" for one of ours."""
    return os.environ.get(CONTEXT, "")


class Whose(Enum):
    """The cluster that is to be used, by what the harness may do to it."""

    OURS = "ours"
    ON_THIS_MACHINE = "on this machine"
    """The user's own, made by kind."""
    ELSEWHERE = "elsewhere"


def whose_cluster() -> Whose:
    context = chosen_context()
    name = context.removeprefix(KIND_CONTEXT)
    if not context or (name != context and kind.is_ours(name)):
        return Whose.OURS
    return Whose.ON_THIS_MACHINE if name != context else Whose.ELSEWHERE


@contextmanager
def open_ground(engine: docker.DockerClient, environment: Environment, workspace: Workspace) -> Iterator[Ground]:
    """Raises InvalidInput, MissingServer, HarnessError; a cluster that was made for this is then gone.

    One of ours may have nodes that are not ready yet.
    """
    if context := chosen_context():
        name = context.removeprefix(KIND_CONTEXT) if context.startswith(KIND_CONTEXT) else ""
        yield _ground(engine, KubernetesApi(None, context), name)
        return
    kept = next((cluster for cluster in kind.clusters() if cluster.kept and cluster.kubeconfig.exists()), None)
    if kept is not None:
        yield _ground(engine, kept.api(), kept.name)
        return
    with _made_for_this(environment, workspace) as cluster:
        yield _ground(engine, cluster.api(), cluster.name)


@contextmanager
def _made_for_this(environment: Environment, workspace: Workspace) -> Iterator[kind.KindCluster]:
    settings = environment.folder.parent / kind.SETTINGS
    name = kind.full_name(workspace.run_id)
    with watching(removal_of_cluster(name)):
        log = workspace.logs / "cluster.log"
        cluster = kind.create(name, settings if settings.is_file() else None, workspace.spawner, log)
        with stopping(lambda: kind.delete(cluster)):
            yield cluster


def _ground(engine: docker.DockerClient, api: KubernetesApi, name: str) -> Ground:
    if not name:
        return Ground(api, _nodes_elsewhere(api))
    nodes = api.nodes()
    names = [node.name for node in nodes]
    with refusing(f"the nodes of the cluster {name} are not containers of this machine"):
        doors = kind.doors(engine, names)
        containers = Nodes(engine, names)
    ours = kind.is_ours(name)
    if ours:
        for node in nodes:
            if SERVERS_NODE in node.labels:
                containers.put_first(node.name)
    return Ground(api, nodes, containers, name, ours, doors)


def _nodes_elsewhere(api: KubernetesApi) -> tuple[Node, ...]:
    """Those of a cluster that is not of this machine, or a stand-in for them where they may not be listed."""
    if address := os.environ.get(NODE_ADDRESS):
        return (Node("", address, ready=True, labels={}, taken=False),)
    try:
        return api.nodes()
    except Refused as error:
        if error.status != FORBIDDEN:
            raise
        raise InvalidInput(
            f"{error}; name the address of one, by which node ports are reached, in {NODE_ADDRESS}"
        ) from error
