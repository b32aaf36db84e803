from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import InvalidInput
from harness.replay.versions import HELPER, parse_version

LOG, INPUT, OUTPUT = Path("/log"), Path("/in"), Path("/out")


def described(tmp_path: Path, text: str) -> str:
    (tmp_path / "old.toml").write_text(text)
    return f"old={tmp_path / 'old.toml'}"


def test_a_command_is_split_without_a_shell_and_knows_the_helper() -> None:
    version = parse_version("old=venv/bin/python {helper} 'shop.replay:fold' $HOME")
    assert version.name == "old"
    assert version.argv == ("venv/bin/python", str(HELPER), "shop.replay:fold", "$HOME")


def test_a_file_may_describe_python_code(tmp_path: Path) -> None:
    text = 'python = "venv/bin/python"\nserve = "shop:fold"\nfolder = "src"\nvariables = { RELEASE = "1.0" }'
    version = parse_version(described(tmp_path, text))
    assert version.argv == (str(tmp_path / "venv/bin/python"), str(HELPER), "shop:fold")
    assert version.folder == tmp_path / "src"
    assert version.variables == {"PYTHONPATH": str(tmp_path / "src"), "RELEASE": "1.0"}


def test_a_file_may_name_any_command(tmp_path: Path) -> None:
    version = parse_version(described(tmp_path, 'command = ["./replay", "--all"]'))
    assert version.argv == (str(tmp_path / "replay"), "--all")
    assert version.folder == tmp_path


def test_an_image_is_run_without_a_network_and_with_the_helper_in_it(tmp_path: Path) -> None:
    pytest.importorskip("docker", reason="the containers extra is not installed")
    version = parse_version(described(tmp_path, 'image = "shop:1.0"\nserve = "shop:fold"\nvariables = { A = "b" }'))
    command = version.command("replay-1", LOG, INPUT, OUTPUT)
    assert command.argv[:2] == ("docker", "run")
    assert command.argv[-4:] == ("shop:1.0", "python3", "/rollproof/helper", "shop:fold")
    options = " ".join(command.argv)
    for option in (
        "--network none",
        f"--volume {HELPER}:/rollproof/helper:ro",
        "--env A=b",
        "--label rollproof.run=replay-1",
    ):
        assert option in options


def test_its_input_and_output_are_the_harness_s_and_its_store_is_told() -> None:
    command = parse_version("old=./replay").command("replay-1", LOG, INPUT, OUTPUT, Path("/store"))
    assert (command.log, command.input, command.output) == (LOG, INPUT, OUTPUT)
    assert command.variables["ROLLPROOF_STORE"] == "/store"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("replay", "a version is given as NAME=COMMAND or NAME=FILE.toml, not 'replay'"),
        ("=x", "a version is given as"),
        ("old= ", "a version is given as"),
        ("old='x", "the command of version old cannot be split into words"),
        ("old={helpr} x", r"unknown placeholder {helpr}.*did you mean {helper}\?"),
        ("old=absent.toml", "absent.toml: cannot be read"),
    ],
)
def test_what_is_no_version_is_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        parse_version(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('python = "p"', "command or serve is needed"),
        ('command = ["a"]\nserve = "b"', "command or serve is needed, and not both"),
        ('command = ["a"]\npython = "b"', "python belongs to serve"),
        ('serv = "b"', "unknown key 'serv'; did you mean 'serve'"),
    ],
)
def test_a_file_that_is_wrong_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=message):
        parse_version(described(tmp_path, text))
