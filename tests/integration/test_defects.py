"""Each mistake of the matrix is found, by a checker that is meant to find it; here where it shows soonest."""

from __future__ import annotations

import pytest

from harness.drivers.local import LocalDriver
from harness.pytest_plugin import Harness
from harness.verdict import Status
from tests.integration.matrix import (
    CASES,
    LEDGER,
    OF_READ_MODELS,
    SURVIVED_IN_CI,
    Case,
    control,
    failed,
    healthy,
    said,
    scenario,
)

pytestmark = pytest.mark.servers


def need_faults(case: Case) -> None:
    """Not every machine can be broken in every way."""
    for scheduled in case.faults:
        if lacking := scheduled.fault.needs - LocalDriver.offers:
            pytest.skip("; ".join(LocalDriver.lacks[each] for each in lacking))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.variant)
def test_a_defect_is_found_by_the_right_checker(harness: Harness, case: Case) -> None:
    need_faults(case)
    result = harness.run(scenario(case, case.soonest))
    assert failed(result) & case.found_by, said(result, case.found_by)


def test_what_is_healthy_is_not_found_where_defects_are(harness: Harness) -> None:
    result = harness.run(control("blue-green"))
    assert result.passed, [verdict for verdict in result.verdicts if verdict.status is not Status.PASS]


@pytest.mark.parametrize("case", SURVIVED_IN_CI, ids=lambda case: case.variant)
def test_a_healthy_version_is_not_blamed_for_what_the_same_faults_do(harness: Harness, case: Case) -> None:
    need_faults(case)
    result = harness.run(healthy(case, case.soonest))
    assert not failed(result) & case.found_by, said(result, case.found_by)


def test_every_variant_in_the_ledgers_code_is_in_the_matrix() -> None:
    variants = {variant.name for variant in LEDGER.variants if not variant.overlays}
    assert {case.variant for case in CASES} == variants - OF_READ_MODELS
