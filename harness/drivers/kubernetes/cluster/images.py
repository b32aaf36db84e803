"""Images from the Docker engine to the nodes of a kind cluster, which have no registry to get them from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import docker

from harness.drivers.containers.engine import refusing
from harness.drivers.containers.images import server_image, service_image
from harness.drivers.kubernetes.api import Node
from harness.drivers.kubernetes.cluster.kind import Load, copy_images
from harness.drivers.kubernetes.cluster.nodes import Nodes
from harness.drivers.kubernetes.pods.manifests import SERVERS_NODE
from harness.environment import Environment, StoreKind
from harness.protocols import Workspace
from harness.servers import ENVOY, NATS, POSTGRES, TOXIPROXY

STORES = {StoreKind.POSTGRES: POSTGRES, StoreKind.NATS: NATS}


def servers_images(environment: Environment) -> frozenset[str]:
    stores = (server_image(STORES[store.kind], store.image) for store in environment.stores)
    return frozenset((server_image(ENVOY), server_image(TOXIPROXY), *stores))


def helper_image() -> str:
    """Of what prepares a pod before its own containers run: it has a shell, which others may lack."""
    return server_image(ENVOY)


def services_images(environment: Environment) -> frozenset[str]:
    return frozenset(service_image(environment, version.name) for version in environment.versions)


def wanted(environment: Environment, nodes: Iterable[Node]) -> Mapping[str, frozenset[str]]:
    """Which images each node needs: pods of servers go to the servers' nodes where there are any, others do not."""
    nodes = tuple(nodes)
    pinned = any(is_for_servers(node) for node in nodes)
    images: dict[str, frozenset[str]] = {}
    for node in nodes:
        servers = is_for_servers(node) if pinned else not node.taken
        images[node.name] = (servers_images(environment) if servers else frozenset()) | (
            frozenset() if node.taken else services_images(environment) | {helper_image()}
        )
    return images


def is_for_servers(node: Node) -> bool:
    return node.labels.get(SERVERS_NODE) == "true"


def load_images(
    engine: docker.DockerClient,
    cluster: str,
    nodes: Nodes,
    images: Mapping[str, frozenset[str]],
    workspace: Workspace,
) -> tuple[str, ...]:
    """Copy to each node what it lacks; returns what was copied. Raises HarnessError."""
    lacking: dict[frozenset[str], list[str]] = defaultdict(list)
    for node, names in images.items():
        if missing := frozenset(_missing(engine, nodes.images(node), names)):
            lacking[missing].append(node)
    loads = (Load(tuple(sorted(missing)), tuple(alike)) for missing, alike in lacking.items())
    copy_images(cluster, loads, workspace)
    return tuple(sorted(frozenset().union(*lacking)))


def _missing(engine: docker.DockerClient, there: Mapping[str, str], names: Iterable[str]) -> Iterator[str]:
    """`there` are digests by reference. A node refers to an image by its name, and by the engine's id for it."""
    for name in names:
        with refusing(f"the image {name} cannot be found"):
            known = str(engine.images.get(name).id)
        digest = there.get(_full(name))
        if digest is None or digest not in (known, there.get(known)):
            yield name


def _full(name: str) -> str:
    """`nats:2.12` is docker.io/library/nats:2.12."""
    first, slash, _ = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        full = name
    else:
        full = f"docker.io/{name}" if slash else f"docker.io/library/{name}"
    return full if ":" in full.rpartition("/")[2] else f"{full}:latest"
