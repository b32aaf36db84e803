"""The order in which versions follow each other."""

from __future__ import annotations

from random import Random

import pytest

from harness.schemas.version_order import version_key


@pytest.mark.parametrize(
    "ordered",
    [
        ["1", "2", "10"],
        ["v1", "v2", "v10"],
        ["1.9", "1.10", "2.0", "2.0.1"],
        ["2.0.0-alpha.2", "2.0.0-alpha.10", "2.0.0-rc1", "2.0.0", "2.0.1"],
        ["1.0", "draft"],
        ["order-v2", "order-v10"],
        ["2024-01-31", "2024-02-01", "2025-01-01"],
    ],
)
def test_versions_are_in_their_order(ordered: list[str]) -> None:
    shuffled = list(ordered)
    Random(1).shuffle(shuffled)
    assert sorted(shuffled, key=version_key) == ordered


@pytest.mark.parametrize(("one", "other"), [("1", "1.0"), ("v2.1", "2.1.0"), ("1.0+build5", "1.0")])
def test_what_is_the_same_version_is_equal(one: str, other: str) -> None:
    assert version_key(one) == version_key(other)


def test_zero_is_a_version() -> None:
    assert version_key("0") < version_key("0.1") < version_key("1")
