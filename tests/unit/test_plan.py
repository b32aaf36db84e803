from __future__ import annotations

from pathlib import Path

import pytest

from harness import registry
from harness.plan import plan
from harness.scenario_file import Overrides, read_scenario
from tests.unit.toy import DRIVERS, rewrite, write_project


@pytest.fixture
def scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(registry, "DRIVERS", DRIVERS)
    return write_project(tmp_path)


def test_the_plan_is_this_text(scenario: Path) -> None:
    assert plan(read_scenario(scenario)) == (Path(__file__).parent / "plan.txt").read_text()


def test_the_plan_is_the_same_every_time_and_tells_scenarios_apart(scenario: Path) -> None:
    assert plan(read_scenario(scenario)) == plan(read_scenario(scenario))
    assert "seed 9" in plan(read_scenario(scenario, Overrides(seed=9)))


def test_an_abort_and_an_expected_rollback_are_shown(scenario: Path) -> None:
    rewrite(scenario, 'environment = "shop"', 'environment = "shop"\nending = "rollback"\nabort = "canary 100 %"')
    text = plan(read_scenario(scenario))
    assert "! the operator aborts" in text
    assert "expected to be rolled back" in text


def test_with_what_a_canary_is_compared_is_shown(scenario: Path) -> None:
    rewrite(scenario, 'kind = "canary"', 'kind = "canary"\nanalysis = {}')
    assert "and if not found worse than before" in plan(read_scenario(scenario))
    rewrite(scenario, "analysis = {}", "analysis = {}\nbaseline = true")
    text = plan(read_scenario(scenario))
    assert "add api 1.0" in text
    assert "and if not found worse than api-" in text
