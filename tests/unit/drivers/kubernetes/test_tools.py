"""What the user's own tools are told."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from harness.drivers.kubernetes.native.tools import Tools
from harness.environment import Image
from harness.errors import InvalidInput
from harness.protocols import Command, Process, Workspace
from harness.scenario import Change
from tests.unit.fakes import ENVIRONMENT
from tests.unit.lanes.test_rollouts import FakeProcess


@dataclass
class Recorder:
    """Starts nothing."""

    commands: list[Command] = field(default_factory=list)

    def spawn(self, command: Command) -> Process:
        self.commands.append(command)
        return FakeProcess(0, command.name)


@pytest.fixture
def spawner() -> Recorder:
    return Recorder()


@pytest.fixture
def tools(spawner: Recorder, tmp_path: Path) -> Tools:
    environment = replace(ENVIRONMENT, image=Image("shop:{version}"))
    return Tools(environment, Workspace("1", tmp_path, tmp_path, spawner, seed=1), tmp_path / "config", "ours")


def test_a_tool_is_told_what_to_deploy_where(
    tools: Tools, spawner: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/bin")
    monkeypatch.setenv("TOKEN", "secret")
    tools.start(("{python}", "{folder}/deploy.py", "--now"), Change("1", "2"), "http://users")
    [command] = spawner.commands
    assert command.argv == (sys.executable, "/nowhere/deploy.py", "--now")
    assert command.folder == ENVIRONMENT.folder
    assert (
        command.variables.items()
        >= {
            "PATH": "/bin",
            "KUBECONFIG": str(tmp_path / "config"),
            "HARNESS_NAMESPACE": "ours",
            "HARNESS_URL": "http://users",
            "HARNESS_VERSION_OLD": "1",
            "HARNESS_VERSION_NEW": "2",
            "HARNESS_IMAGE": "shop:2",
        }.items()
    )
    assert "TOKEN" not in command.variables


def test_each_has_a_log_of_its_own(tools: Tools, spawner: Recorder) -> None:
    for _ in range(2):
        tools.start(("true",), Change("1", "2"), "http://users")
    assert len({command.log for command in spawner.commands}) == 2


def test_an_unknown_placeholder_is_refused(tools: Tools) -> None:
    with pytest.raises(InvalidInput, match="unknown placeholder"):
        tools.start(("{pyhton}",), Change("1", "2"), "http://users")
