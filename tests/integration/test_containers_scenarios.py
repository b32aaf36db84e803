"""Where it matters most that instances are containers; `make nightly DRIVERS=containers` runs the whole suite."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.pytest_plugin import Harness
from harness.verdict import Status
from tests.integration.matrix import CASES, ROOT, control, failed, said, scenario

pytestmark = [pytest.mark.containers, pytest.mark.timeout(600)]  # the first one may have to build the images

SCENARIOS = ROOT / "scenarios"
FOR_ALL_DRIVERS = [
    SCENARIOS / f"{name}.toml"
    for name in ("canary-with-kill", "blue-green-with-database-blip", "bad-version-rolled-back-by-canary")
]
FOR_CONTAINERS = sorted((SCENARIOS / "containers").glob("*.toml"))
VARIANT = "drops-in-flight"
"""Its process must be the one that the engine sends its signals to."""


@pytest.mark.parametrize("file", [*FOR_ALL_DRIVERS, *FOR_CONTAINERS], ids=lambda file: file.stem)
def test_a_scenario_passes_in_containers(harness: Harness, file: Path) -> None:
    assert harness.run(file, driver="containers").passed


def test_a_mistake_is_found_in_containers(harness: Harness) -> None:
    case = next(case for case in CASES if case.variant == VARIANT)
    result = harness.run(scenario(case, case.soonest, "containers"))
    assert failed(result) & case.found_by, said(result, case.found_by)


def test_what_is_healthy_is_not_found_in_containers(harness: Harness) -> None:
    result = harness.run(control("rolling"), driver="containers")
    assert result.passed, [verdict for verdict in result.verdicts if verdict.status is not Status.PASS]
