"""How pods tell their version, and what of the manifests stands around the services."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.drivers.kubernetes.deployments import VERSION
from harness.drivers.kubernetes.surroundings import version_of
from harness.environment import Image
from tests.unit.fakes import ENVIRONMENT

SHOP = replace(ENVIRONMENT, image=Image("shop:{version}"))


def pod(image: str, marked: str | None = None) -> dict[str, Any]:
    metadata = {} if marked is None else {"annotations": {VERSION: marked}}
    return {"metadata": metadata, "spec": {"containers": [{"image": "proxy:3"}, {"image": image}]}}


@pytest.mark.parametrize(
    ("pod", "version"),
    [
        (pod("shop:2", "2"), "2"),
        (pod("shop:2", "2+slow"), "2+slow"),
        (pod("shop:2", "1"), "2"),
        (pod("shop:2"), "2"),
        (pod("other:2", "2"), "unknown (other:2, proxy:3)"),
    ],
)
def test_a_mark_counts_only_with_the_image_of_its_version(pod: dict[str, Any], version: str) -> None:
    assert version_of(SHOP, pod) == version
