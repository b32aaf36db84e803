"""How pods tell their version, and what of the manifests stands around the services."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.drivers.kubernetes.native.deployments import IMAGES, VERSION
from harness.drivers.kubernetes.native.surroundings import Blueprint
from harness.environment import Image
from tests.unit.fakes import ENVIRONMENT

SHOP = replace(ENVIRONMENT, image=Image("shop:{version}"))
NAMES = (
    ("Deployment", "web"),
    ("Deployment", "worker"),
    ("Deployment", "proxy"),
    ("Service", "web"),
    ("Service", "db"),
)
MANIFESTS: tuple[dict[str, Any], ...] = tuple(
    {
        "kind": kind,
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": {"app": name}}, "image": "{image} {version} {namespace}"},
    }
    for kind, name in NAMES
)
BLUEPRINT = Blueprint(SHOP, MANIFESTS, {"namespace": "ours"})


def pod(image: str, marked: str | None = None, images: str = "") -> dict[str, Any]:
    """With a sidecar, which somebody adds to every pod."""
    metadata = {} if marked is None else {"annotations": {VERSION: marked, IMAGES: images or image}}
    return {"metadata": metadata, "spec": {"containers": [{"image": "proxy:3"}, {"image": image}]}}


@pytest.mark.parametrize(
    ("pod", "version"),
    [
        (pod("shop:2", "2"), "2"),
        (pod("shop:2", "2+slow"), "2+slow"),
        (pod("shop:that-nobody-pushed", "2+missing"), "2+missing"),
        (pod("shop:2", "2+slow", images="shop:1"), "2+slow"),
        (pod("shop:2", "1", images="shop:1"), "2"),
        (pod("shop:2"), "2"),
        (pod("other:2", "2", images="shop:2"), "unknown (other:2, proxy:3)"),
    ],
)
def test_a_mark_counts_as_long_as_the_images_are_those_that_were_marked(pod: dict[str, Any], version: str) -> None:
    assert BLUEPRINT.version_of(pod) == version


def test_all_but_the_services_and_the_way_in_of_users_stands_around_them() -> None:
    around = BLUEPRINT.furniture(BLUEPRINT.documents("1"))
    assert [(each["kind"], each["metadata"]["name"]) for each in around] == [("Deployment", "proxy"), ("Service", "db")]


def test_manifests_are_filled_in_for_a_version() -> None:
    assert {each["spec"]["image"] for each in BLUEPRINT.documents("2")} == {"shop:2 2 ours"}


def test_a_service_s_pods_are_known_by_what_its_deployment_selects() -> None:
    assert BLUEPRINT.selector("worker") == {"app": "worker"}
