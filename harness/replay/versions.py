"""A version of the user's code, as a process that can be started.

`--version NAME=COMMAND` names a command that speaks the protocol; `{helper}` in it is the path of the shipped helper:

    --version "old=venvs/1.0/bin/python {helper} shop.replay:fold"

`--version NAME=FILE.toml` describes one that needs more:

    python = "venvs/1.0/bin/python"      # or command = [...]; or image = "shop:1.0" beside either
    serve = "shop.replay:fold"
    folder = "."                         # where it runs; for Python code also where it is imported from
    variables = { SHOP_RELEASE = "1.0" }
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from harness.errors import InvalidInput
from harness.placeholders import expand_all
from harness.protocols import Command
from harness.toml_reader import Table
from harness.toml_values import build

HELPER: Final = Path(__file__).parent / "helper"
_HELPER_IN_IMAGE: Final = "/rollproof/helper"


@dataclass(frozen=True)
class Version:
    """`image` is a container image in which the command runs, without a network."""

    name: str
    argv: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    image: str = ""

    def command(self, run_id: str, log: Path, input_: Path, output: Path, store: Path | None = None) -> Command:
        """What the supervisor is to start. `store` is a folder for what outlives the process."""
        variables = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1", **self.variables}
        if store is not None:
            variables["ROLLPROOF_STORE"] = str(store)
        argv = self.argv
        if self.image:
            argv = _in_container(self.image, argv, variables, run_id, store)
            variables = {}
        return Command(f"version {self.name}", argv, variables, self.folder, log, input=input_, output=output)


def _in_container(
    image: str, argv: tuple[str, ...], variables: Mapping[str, str], run_id: str, store: Path | None
) -> tuple[str, ...]:
    """By the Docker client: the container ends when its input does."""
    try:
        from harness.drivers.containers.engine import marks  # noqa: PLC0415 (an extra)
    except ImportError as error:
        raise InvalidInput("a version in an image needs what `pip install 'rollproof[containers]'` brings") from error
    options = ["--rm", "--interactive", "--init", "--network", "none"]
    for label, value in marks(run_id).items():
        options += ["--label", f"{label}={value}"]
    options += ["--volume", f"{HELPER}:{_HELPER_IN_IMAGE}:ro"]
    if store is not None:
        options += ["--volume", f"{store}:{store}"]
    for name, value in variables.items():
        options += ["--env", f"{name}={value}"]
    return ("docker", "run", *options, image, *argv)


@dataclass(frozen=True)
class _Described:
    """What a file says."""

    command: tuple[str, ...] = ()
    python: str = ""
    serve: str = ""
    image: str = ""
    folder: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if bool(self.command) == bool(self.serve):
            raise ValueError("command or serve is needed, and not both")
        if self.command and self.python:
            raise ValueError("python belongs to serve, not to command")


def parse_version(text: str) -> Version:
    """The version that an option says. Raises InvalidInput."""
    name, equals, target = text.partition("=")
    if not (name and equals and target.strip()):
        raise InvalidInput(f"a version is given as NAME=COMMAND or NAME=FILE.toml, not {text!r}")
    if target.endswith(".toml"):
        return _read(name, Path(target))
    try:
        argv = tuple(shlex.split(target))
    except ValueError as error:
        raise InvalidInput(f"the command of version {name} cannot be split into words: {error}") from error
    return Version(name, expand_all(argv, {"helper": str(HELPER)}), {"PYTHONPATH": str(Path.cwd())}, Path.cwd())


def _read(name: str, file: Path) -> Version:
    described = build(_Described, Table.read(file))
    helper = _HELPER_IN_IMAGE if described.image else str(HELPER)
    if described.serve:
        argv: tuple[str, ...] = (described.python or "python3", helper, described.serve)
    else:
        argv = expand_all(described.command, {"helper": helper})
    folder = described.folder or file.resolve().parent
    version = Version(name, argv, described.variables, folder, described.image)
    if described.image:
        return replace(version, folder=None)
    python = Path(argv[0])
    if "/" in argv[0] and not python.is_absolute():
        version = replace(version, argv=(str(file.resolve().parent / python), *argv[1:]))
    return replace(version, variables={"PYTHONPATH": str(folder), **described.variables})
