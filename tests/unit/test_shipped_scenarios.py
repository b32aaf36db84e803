"""The scenarios that ship, read as a user would; tests/integration runs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import registry
from harness.plan import plan
from harness.scenario import Ending, Scenario
from harness.scenario_file import read_scenario
from tests.integration.pitfalls import ALL, NATIVE_FOLDER, PITFALLS, Pitfall
from tests.unit.toy import DRIVERS

FILES = sorted((Path(__file__).parents[2] / "scenarios").rglob("*.toml"))


@pytest.fixture(autouse=True)
def _any_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether this machine has a toxiproxy does not matter here."""
    monkeypatch.setattr(registry, "DRIVERS", DRIVERS)


@pytest.fixture(params=FILES, ids=lambda file: file.stem)
def scenario(request: pytest.FixtureRequest) -> Scenario:
    return read_scenario(request.param)


def test_there_are_at_least_eight() -> None:
    assert len(FILES) >= 8


def test_it_is_called_like_its_file_and_says_what_it_shows(scenario: Scenario) -> None:
    assert scenario.source is not None
    assert scenario.name == scenario.source.stem
    assert scenario.summary


def test_its_plan_can_be_drawn(scenario: Scenario) -> None:
    text = plan(scenario)
    assert text.startswith(f"{scenario.name}: {scenario.change.old} → {scenario.change.new}")
    assert all(f"  {step}\n" in text.replace("─", " ") for step in steps_of(scenario))


def steps_of(scenario: Scenario) -> tuple[str, ...]:
    return scenario.strategy.names(scenario.environment.routed.replicas)


def test_every_strategy_and_every_kind_of_fault_has_one() -> None:
    scenarios = [read_scenario(file) for file in FILES]
    strategies = {registry.STRATEGIES.kind_of(scenario.strategy) for scenario in scenarios}
    assert strategies == set(registry.STRATEGIES.built_in)
    faults = {registry.FAULTS.kind_of(each.fault) for scenario in scenarios for each in scenario.faults}
    assert {"kill", "pause", "down", "latency", "reset_peer"} <= faults
    assert {scenario.ending for scenario in scenarios} == {Ending.COMPLETE, Ending.ROLLBACK}


def test_of_each_for_kubernetes_it_is_said_what_must_come_of_it() -> None:
    assert {each.file for each in ALL} == set(NATIVE_FOLDER.rglob("*.toml"))


@pytest.mark.parametrize("pair", PITFALLS, ids=lambda pair: pair.name)
def test_a_pitfall_and_what_is_right_are_met_alike(pair: Pitfall) -> None:
    """By the same load, faults and service levels."""
    wrong, right = read_scenario(pair.wrong.file), read_scenario(pair.right.file)
    assert (wrong.load, wrong.faults, wrong.slo) == (right.load, right.faults, right.slo)
    assert (wrong.change, wrong.strategy) != (right.change, right.strategy)
