"""The suite that ships, unchanged but for the driver: healthy versions hold in containers too."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.pytest_plugin import Harness
from tests.integration.matrix import ROOT

pytestmark = pytest.mark.containers

SCENARIOS = sorted((ROOT / "scenarios").glob("*.toml"))


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: file.stem)
def test_a_scenario_that_ships_passes_in_containers(harness: Harness, file: Path) -> None:
    assert harness.run(file, driver="containers").passed
