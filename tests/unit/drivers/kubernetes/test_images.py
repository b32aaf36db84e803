"""Which images go to which nodes, and which are there already."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import docker
import pytest

from harness.drivers.kubernetes.api import Node
from harness.drivers.kubernetes.cluster import images
from harness.drivers.kubernetes.cluster.kind import Load
from harness.drivers.kubernetes.cluster.nodes import Nodes
from harness.drivers.kubernetes.pods.manifests import SERVERS_NODE
from harness.environment import Environment, Image, Service, Store, StoreKind, Version
from harness.protocols import Workspace

ENVIRONMENT = Environment(
    "web",
    Path("web"),
    stores=(Store("db", StoreKind.POSTGRES), Store("broker", StoreKind.NATS, image="nats:own")),
    services=(Service("web", ("web",), replicas=1, routed=True),),
    versions=(Version("1.0"), Version("2.0")),
    image=Image("web:{version}"),
)
SERVERS = frozenset({"envoyproxy/envoy:v1.40-latest", "ghcr.io/shopify/toxiproxy:2.12.0", "postgres:15", "nats:own"})
SERVICES = frozenset({"web:1.0", "web:2.0"})
HELPER = frozenset({"envoyproxy/envoy:v1.40-latest"})


def node(name: str, *, servers: bool = False, taken: bool = False) -> Node:
    return Node(name, "", ready=True, labels={SERVERS_NODE: "true"} if servers else {}, taken=taken)


def test_where_there_are_nodes_for_servers_others_need_no_servers() -> None:
    nodes = (node("c", servers=True, taken=True), node("w1"), node("w2"))
    assert images.wanted(ENVIRONMENT, nodes) == {"c": SERVERS, "w1": SERVICES | HELPER, "w2": SERVICES | HELPER}


def test_otherwise_every_node_that_takes_pods_needs_all() -> None:
    nodes = (node("c", taken=True), node("w"))
    assert images.wanted(ENVIRONMENT, nodes) == {"c": frozenset(), "w": SERVERS | SERVICES}


class FakeImages:
    def __init__(self, ids: Mapping[str, str]) -> None:
        self._ids = ids
        self.images = self

    def get(self, name: str) -> FakeImages:
        self.id = self._ids[name]
        return self


class FakeNodes:
    def __init__(self, there: Mapping[str, Mapping[str, str]]) -> None:
        self._there = there

    def images(self, node: str) -> Mapping[str, str]:
        return self._there[node]


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[Load]:
    loads: list[Load] = []
    monkeypatch.setattr(images, "copy_images", lambda _cluster, asked, _workspace: loads.extend(asked))
    return loads


def load(
    ids: Mapping[str, str], there: Mapping[str, Mapping[str, str]], wanted: Mapping[str, frozenset[str]]
) -> tuple[str, ...]:
    engine = cast(docker.DockerClient, FakeImages(ids))
    workspace = cast(Workspace, None)
    return images.load_images(engine, "rollproof-a", cast(Nodes, FakeNodes(there)), wanted, workspace)


def test_what_is_there_is_not_copied(loads: list[Load]) -> None:
    there = {"docker.io/library/web:1.0": "sha256:manifest", "sha256:id": "sha256:manifest"}
    assert load({"web:1.0": "sha256:id"}, {"n": there}, {"n": frozenset({"web:1.0"})}) == ()
    assert loads == []


def test_an_engine_may_know_images_as_the_nodes_do(loads: list[Load]) -> None:
    there = {"docker.io/library/web:1.0": "sha256:manifest"}
    assert load({"web:1.0": "sha256:manifest"}, {"n": there}, {"n": frozenset({"web:1.0"})}) == ()


def test_an_image_that_was_built_again_is_copied_again(loads: list[Load]) -> None:
    there = {"docker.io/library/web:1.0": "sha256:old", "sha256:older-id": "sha256:old"}
    assert load({"web:1.0": "sha256:id"}, {"n": there}, {"n": frozenset({"web:1.0"})}) == ("web:1.0",)


def test_a_name_that_points_at_another_image_than_the_engines_is_copied_again(loads: list[Load]) -> None:
    there = {"docker.io/library/web:1.0": "sha256:other", "sha256:id": "sha256:manifest"}
    assert load({"web:1.0": "sha256:id"}, {"n": there}, {"n": frozenset({"web:1.0"})}) == ("web:1.0",)


def test_nodes_that_lack_the_same_get_it_at_once(loads: list[Load]) -> None:
    ids = {"web:1.0": "sha256:1", "web:2.0": "sha256:2"}
    wanted = {"a": SERVICES, "b": SERVICES, "c": frozenset({"web:1.0"})}
    assert load(ids, {"a": {}, "b": {}, "c": {}}, wanted) == ("web:1.0", "web:2.0")
    assert loads == [Load(("web:1.0", "web:2.0"), ("a", "b")), Load(("web:1.0",), ("c",))]


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("nats", "docker.io/library/nats:latest"),
        ("envoyproxy/envoy:v1", "docker.io/envoyproxy/envoy:v1"),
        ("ghcr.io/shopify/toxiproxy:2.12.0", "ghcr.io/shopify/toxiproxy:2.12.0"),
        ("localhost:5000/web", "localhost:5000/web:latest"),
    ],
)
def test_a_node_knows_an_image_by_its_full_name(loads: list[Load], name: str, reference: str) -> None:
    assert load({name: "sha256:id"}, {"n": {reference: "sha256:id"}}, {"n": frozenset({name})}) == ()
