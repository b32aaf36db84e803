"""What the documents show is so: their files are read, their commands exist, their links lead somewhere."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from harness import registry
from harness.cli import cli
from harness.environment_file import read_environment
from harness.replay.helper import typed
from harness.replay.helper.serve import load
from harness.replay.versions import parse_version
from harness.scenario_file import read_scenario
from harness.streams.recorder import read_plan

ROOT = Path(__file__).parents[2]
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
QUOTED = re.compile(r"`(harness [^`…<]+)`")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)[^)]*\)")
MAKE = re.compile(r"(?:`|\$ )make ([a-z][a-z-]*)")


def blocks(language: str, telling: str) -> list[str]:
    """Those of the language with this in them."""
    return [
        text
        for document in DOCUMENTS
        for kind, text in BLOCK.findall(document.read_text())
        if kind == language and telling in text
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the documents' scenarios are: beside the environments."""
    (tmp_path / "environments").symlink_to(ROOT / "environments")
    (tmp_path / "scenarios").mkdir()
    return tmp_path / "scenarios"


@pytest.mark.parametrize("text", blocks("toml", "[change]"))
def test_a_scenario_is_read(text: str, folder: Path) -> None:
    (folder / "shown.toml").write_text(text)
    assert read_scenario(folder / "shown.toml").name == tomllib.loads(text)["name"]


@pytest.mark.parametrize("text", blocks("toml", "[[services]]"))
def test_an_environment_is_read(text: str, tmp_path: Path) -> None:
    (tmp_path / "environment.toml").write_text(text)
    assert read_environment(tmp_path).routed
    assert len(text.splitlines()) < 40


@pytest.mark.parametrize("text", blocks("toml", "[source]"))
def test_a_plan_of_a_recording_is_read(text: str, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(text)
    assert read_plan(tmp_path / "plan.toml", "postgresql://localhost/orders").source


@pytest.mark.parametrize("text", blocks("toml", "serve ="))
def test_a_version_is_read(text: str, tmp_path: Path) -> None:
    (tmp_path / "version.toml").write_text(text)
    assert parse_version(f"1.0={tmp_path / 'version.toml'}").argv[-1] == tomllib.loads(text)["serve"]


@pytest.mark.parametrize("text", blocks("python", "start = "))
def test_code_of_the_fast_replay_is_served(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shown_accounts.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    served = load("shown_accounts:Accounts")
    lines = b'{"stream":"a","position":1,"type":"paid","data":{"cents":5},"metadata":{}}\n' * 2
    assert typed.is_typed(served)
    state = typed.fold_lines([lines], typed.decoder_of(served.events), served.fold, served.start())
    assert state.cents == 10


def commands() -> Iterator[str]:
    for document in DOCUMENTS:
        text = document.read_text()
        yield from QUOTED.findall(text)
        for _, block in BLOCK.findall(text):
            yield from (
                line.removeprefix("$ ").partition("#")[0] for line in block.splitlines() if line[:10] == "$ harness "
            )


@pytest.mark.parametrize("command", sorted(set(commands())))
def test_a_command_is_understood(command: str) -> None:
    """Its name and its options; whether its arguments are all there, a sentence about it need not show."""
    group: click.Command = cli
    words = shlex.split(command)[1:]
    while isinstance(group, click.Group) and words:
        name = words.pop(0)
        if name.startswith("-"):
            return
        found = group.get_command(click.Context(group), name)
        assert found is not None, command
        group = found
    known = {option for parameter in group.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert {word for word in words if word.startswith("--")} <= known | {"--help"}, command


def test_all_targets_that_are_named_exist() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {name for document in DOCUMENTS for name in MAKE.findall(document.read_text())}
    assert {"demo", "test", "nightly", "benchmark"} & named
    assert named <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.name)
def test_its_links_lead_somewhere(document: Path) -> None:
    links = LINK.findall(document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("kind", [*registry.STRATEGIES.built_in, *registry.FAULTS.built_in])
def test_each_strategy_and_fault_is_described(kind: str) -> None:
    assert f"| `{kind}` |" in (ROOT / "docs" / "scenarios.md").read_text()
