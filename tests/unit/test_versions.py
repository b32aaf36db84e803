from __future__ import annotations

from pathlib import Path

import pytest

from harness.environment import Environment, Variant, Version
from harness.errors import InvalidInput
from harness.versions import resolve

ENVIRONMENT = Environment(
    name="shop",
    folder=Path("/shop"),
    stores=(),
    services=(),
    versions=(
        Version("1.0", variables={"SCHEMA": "1"}),
        Version("2.0", variables={"SCHEMA": "2", "MODE": "plain"}, expand=("migrate", "expand")),
    ),
    variants=(
        Variant("slow", "slow answers", {"DEFECTS": "slow"}),
        Variant("lossy", "loses things", {"DEFECTS": "lossy"}),
        Variant("no-upcaster", "cannot read old events", {"MODE": "bare"}, versions=("2.0",)),
    ),
)


def test_a_plain_name_is_the_version_itself() -> None:
    assert resolve(ENVIRONMENT, "2.0") == ENVIRONMENT.versions[1]


def test_a_variant_adds_its_variables_and_keeps_everything_else() -> None:
    version = resolve(ENVIRONMENT, "2.0+slow")
    assert version.name == "2.0+slow"
    assert version.variables == {"SCHEMA": "2", "MODE": "plain", "DEFECTS": "slow"}
    assert version.expand == ("migrate", "expand")


def test_a_variant_replaces_what_the_version_sets() -> None:
    assert resolve(ENVIRONMENT, "2.0+no-upcaster").variables["MODE"] == "bare"


def test_values_of_two_variants_are_joined_in_the_order_given() -> None:
    assert resolve(ENVIRONMENT, "1.0+slow+lossy").variables["DEFECTS"] == "slow,lossy"
    assert resolve(ENVIRONMENT, "1.0+lossy+slow").variables["DEFECTS"] == "lossy,slow"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("2.1", "no version '2.1'; did you mean '2.0'"),
        ("banana", "no version 'banana'; it has 1.0, 2.0"),
        ("2.0+slw", "no variant 'slw'; did you mean 'slow'"),
        ("2.0+slow+slow", "given twice"),
        ("1.0+no-upcaster", "not one of version '1.0'; it exists in 2.0"),
        ("2.0+", "no variant ''"),
    ],
)
def test_a_name_that_means_nothing_is_refused(name: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        resolve(ENVIRONMENT, name)
