"""What a scenario says of where its load is sent from."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import registry
from harness.errors import InvalidInput, Unsupported
from harness.plan import plan
from harness.protocols.load import LoadPlace
from harness.scenario import LoadWhere
from harness.scenario_file import Overrides, read_scenario
from tests.unit.toy import DRIVERS, ToyDriver, rewrite, write_project

FAR = 'rate_per_s = 100\nworkers = 2\nwhere = "cluster"'


@pytest.fixture
def scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(registry, "DRIVERS", DRIVERS)
    return write_project(tmp_path)


def test_workers_run_here_unless_told_otherwise(scenario: Path) -> None:
    load = read_scenario(scenario).load
    assert (load.workers, load.where) == (1, LoadWhere.HERE)
    assert "64 users, time-out" in plan(read_scenario(scenario))


def test_a_driver_without_a_place_for_workers_is_refused_with_the_line(scenario: Path) -> None:
    line = rewrite(scenario, "rate_per_s = 100", FAR) + 2
    with pytest.raises(Unsupported, match=rf":{line}: the driver 'local' has no cluster to send the load from"):
        read_scenario(scenario)


def test_a_driver_with_a_place_is_planned_so(scenario: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ToyDriver, "offers", ToyDriver.offers | {LoadPlace})
    rewrite(scenario, "rate_per_s = 100", FAR)
    assert "64 users, 2 workers in the cluster, time-out 5 s" in plan(read_scenario(scenario))
    with pytest.raises(Unsupported):
        read_scenario(scenario, Overrides(driver="bare"))


def test_each_worker_has_a_user(scenario: Path) -> None:
    line = rewrite(scenario, "rate_per_s = 100", "rate_per_s = 100\nworkers = 65") + 1
    with pytest.raises(InvalidInput, match=rf":{line}: workers must be no more than users: there are 64"):
        read_scenario(scenario)
