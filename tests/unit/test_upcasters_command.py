"""The command `harness upcasters check`: exit codes, and what a person reads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli import main

UPCASTERS = """
from harness.upcasters import Upcasters
upcasters = Upcasters()

@upcasters.register("Opened", 1, 2)
def holder(data):
    return {"holder": data["owner"]}
"""
SCHEMA = {"type": "object", "properties": {"holder": {"type": "string"}}, "required": ["holder"]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "accounts.py").write_text(UPCASTERS)
    (tmp_path / "schemas" / "Opened").mkdir(parents=True)
    (tmp_path / "schemas" / "Opened" / "2.json").write_text(json.dumps(SCHEMA))
    return tmp_path


@pytest.fixture(autouse=True)
def storage_as_in_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command sets it for its process, which here is that of all tests."""
    monkeypatch.setenv("HYPOTHESIS_STORAGE_DIRECTORY", str(Path.cwd() / ".hypothesis"))


def events(folder: Path, *data: object) -> Path:
    file = folder / "events.jsonl"
    file.write_text("\n".join(json.dumps({"type": "Opened", "data": each}) for each in data))
    return file


def check(*arguments: object) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["upcasters", "check", *map(str, arguments)])
    assert isinstance(caught.value.code, int)
    return caught.value.code


def test_upcasters_that_are_right_pass(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = events(folder, {"owner": "Ada"}, {"owner": "Bob"})
    assert check(folder / "accounts.py", "--schemas", folder / "schemas", "--events", file) == 0
    assert capsys.readouterr().out.startswith("PASS")


def test_a_failure_is_told_with_the_event_and_the_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = events(folder, {"owner": "Ada"}, {})
    assert check(folder / "accounts.py", "--schemas", folder / "schemas", "--events", file) == 1
    told = capsys.readouterr().out
    assert "did not take the event at events.jsonl:2: KeyError: 'owner'" in told
    assert f"{folder / 'accounts.py'}:7" in told


def test_without_events_it_is_unknown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(folder / "accounts.py") == 2
    assert "There was no event of Opened 1 to try" in capsys.readouterr().out


def test_a_broken_line_makes_it_unknown_and_the_rest_is_judged(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = events(folder, {"owner": "Ada"})
    file.write_text(f"{file.read_text()}\n{{")
    assert check(folder / "accounts.py", "--schemas", folder / "schemas", "--events", file) == 2
    told = capsys.readouterr().out
    assert "1 lines could not be read, the first at events.jsonl:2" in told
    assert "PASS     pure" in told


def test_nothing_is_left_where_it_is_run(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    (folder / "schemas" / "Opened" / "1.json").write_text(json.dumps(SCHEMA).replace("holder", "owner"))
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    program = [sys.executable, "-P", "-m", "harness", "upcasters", "check", str(folder / "accounts.py")]
    variables = {"PATH": "", "XDG_CACHE_HOME": str(folder / "cache")}
    done = subprocess.run(
        [*program, "--schemas", str(folder / "schemas")], cwd=elsewhere, env=variables, check=False, timeout=120
    )
    assert done.returncode == 0
    assert list(elsewhere.iterdir()) == []


def test_a_check_can_be_skipped_by_its_name(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = events(folder, {"owner": "Ada"})
    assert check(folder / "accounts.py:upcasters", "--events", file, "--skip", "valid") == 0
    assert "valid" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("nothing.py",), "there is no such file"),
        (("nothing_like_it",), "No module named 'nothing_like_it'"),
        (("{folder}/accounts.py", "--skip", "vald"), "did you mean 'valid'?"),
        (("{folder}/accounts.py", "--schemas", "{folder}/schemas/Opened"), "has no schemas"),
        (("{folder}/accounts.py", "--events", "{folder}/no.jsonl"), "does not exist"),
        (("{folder}/accounts.py:others",), "has no registry 'others'"),
    ],
)
def test_what_is_wrong_with_the_input_is_one_message(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], why: str
) -> None:
    assert check(*(each.format(folder=folder) for each in arguments)) == 4
    told = capsys.readouterr().err
    assert why in told
    assert len(told.splitlines()) == 1
