"""Files are written by a shell in the pod: here by a shell of this machine."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest

from harness.drivers.kubernetes.api import Namespace
from harness.drivers.kubernetes.pods.folders import FolderWriter
from harness.errors import HarnessError


class Session:
    """As kubernetes' own WSClient, on a process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def is_open(self) -> bool:
        return self.process.poll() is None

    def write_stdin(self, text: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def readline_stdout(self, timeout: float) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().rstrip("\n")

    def read_stderr(self) -> str:
        return "no such folder"


class Shells:
    def __init__(self) -> None:
        self.sessions: list[Session] = []

    @contextmanager
    def shell(self, pod: str, command: list[str]) -> Iterator[Session]:
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as process:
            self.sessions.append(Session(process))
            yield self.sessions[-1]
            process.kill()


@pytest.fixture
def shells() -> Shells:
    return Shells()


@pytest.fixture
def writer(shells: Shells) -> Iterator[FolderWriter]:
    writer = FolderWriter(cast(Namespace, shells), "router-abc")
    yield writer
    writer.close()


@pytest.mark.parametrize(
    "text", ["", "{}", "two\nlines\n", "no 'quotes' \"hold\" $it `back` \\ %s", "größer\n" * 10_000]
)
def test_a_file_is_there_when_it_has_been_written(writer: FolderWriter, tmp_path: Path, text: str) -> None:
    writer.write(tmp_path / "routes.json", text)
    assert (tmp_path / "routes.json").read_text() == text


def test_one_shell_writes_all_and_leaves_nothing_beside(writer: FolderWriter, shells: Shells, tmp_path: Path) -> None:
    for number in range(3):
        writer.write(tmp_path / "routes.json", f"{number}")
        writer.write(tmp_path / f"endpoints-2.0+slow@{number}.json", "x" * number)
    assert len(shells.sessions) == 1
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "endpoints-2.0+slow@0.json",
        "endpoints-2.0+slow@1.json",
        "endpoints-2.0+slow@2.json",
        "routes.json",
    ]


def test_a_connection_that_broke_is_made_again(writer: FolderWriter, shells: Shells, tmp_path: Path) -> None:
    writer.write(tmp_path / "a", "1")
    shells.sessions[0].process.kill()
    shells.sessions[0].process.wait()
    writer.write(tmp_path / "a", "2")
    assert ((tmp_path / "a").read_text(), len(shells.sessions)) == ("2", 2)


def test_what_cannot_be_written_is_an_error(shells: Shells, tmp_path: Path) -> None:
    class Failing(Session):
        def readline_stdout(self, timeout: float) -> str:
            return ""

    class FailingShells(Shells):
        @contextmanager
        def shell(self, pod: str, command: list[str]) -> Iterator[Session]:
            with super().shell(pod, command) as session:
                yield Failing(session.process)

    writer = FolderWriter(cast(Namespace, FailingShells()), "router-abc")
    with pytest.raises(HarnessError, match="could not be written in router-abc: no such folder"):
        writer.write(tmp_path / "a", "1")
    writer.close()
