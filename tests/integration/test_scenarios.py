"""The suite that ships: healthy versions hold under every scenario of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.pytest_plugin import Harness
from tests.integration.matrix import ROOT

pytestmark = pytest.mark.servers

SCENARIOS = sorted((ROOT / "scenarios").glob("*.toml"))


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: file.stem)
def test_a_scenario_that_ships_passes(harness: Harness, file: Path) -> None:
    assert harness.run(file).passed


def test_at_least_eight_scenarios_ship() -> None:
    assert len(SCENARIOS) >= 8
