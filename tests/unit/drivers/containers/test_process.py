"""How a container's end is told, and what is done to one that has ended: nothing."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

pytest.importorskip("testcontainers", reason="the extra `containers` is not installed")

from docker.errors import APIError, NotFound
from docker.models.containers import Container

from harness.drivers.containers.network import RunNetwork
from harness.drivers.containers.process import ContainerProcess, exit_code_of
from harness.drivers.runtime import Part
from harness.errors import HarnessError

WORDS = (b"one\n", b"two\n")


@dataclass
class FakeContainer:
    """Runs until `end`, or until it is `lost`: the engine does not know it any more."""

    status: str = "running"
    refuses: bool = False
    code: int = 0
    lost: bool = False
    killed_by: list[int] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    removed: threading.Event = field(default_factory=threading.Event)
    attrs: dict[str, Any] = field(default_factory=lambda: {"State": {"Pid": 42}})

    def reload(self) -> None:
        if self.lost:
            raise NotFound("no such container")

    def logs(self, **_: bool) -> Iterator[bytes]:
        yield from WORDS
        self.over.wait()

    def wait(self) -> dict[str, int]:
        self.over.wait()
        self.reload()
        return {"StatusCode": self.code}

    def kill(self, number: int) -> None:
        if self.refuses:
            raise APIError("it cannot be")
        self.killed_by.append(number)

    def remove(self, **_: bool) -> None:
        self.removed.set()

    def end(self, code: int = 0) -> None:
        self.code, self.status = code, "exited"
        self.over.set()


@pytest.fixture
def container() -> Iterator[FakeContainer]:
    container = FakeContainer()
    yield container
    container.over.set()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "web-1.log"


@pytest.fixture
def process(container: FakeContainer, log: Path) -> ContainerProcess:
    return ContainerProcess(cast(Container, container), Part("web-1", (), log), cast(RunNetwork, None))


@pytest.mark.parametrize(
    ("status", "code"), [(0, 0), (1, 1), (128, 128), (137, -signal.SIGKILL), (143, -signal.SIGTERM), (255, 255)]
)
def test_an_engines_exit_code_is_a_signals_if_there_is_one(status: int, code: int) -> None:
    assert exit_code_of(status) == code


def test_while_it_runs_it_has_no_exit_code(process: ContainerProcess) -> None:
    assert (process.pid, process.exit_code, process.wait(0)) == (42, None, None)


def test_its_end_is_told_with_all_it_said_and_it_is_removed(
    container: FakeContainer, process: ContainerProcess, log: Path
) -> None:
    container.end(143)
    assert process.wait(5) == -signal.SIGTERM
    assert log.read_bytes() == b"".join(WORDS)
    assert container.removed.wait(5)


def test_one_that_the_engine_does_not_know_any_more_was_killed(
    container: FakeContainer, process: ContainerProcess
) -> None:
    container.lost = True
    container.over.set()
    assert process.wait(5) == -signal.SIGKILL


def test_what_has_ended_gets_no_signal(container: FakeContainer, process: ContainerProcess) -> None:
    process.signal(signal.SIGTERM)
    container.end()
    assert process.wait(5) == 0
    process.signal(signal.SIGKILL)
    assert container.killed_by == [signal.SIGTERM]


def test_an_engine_that_refuses_is_quoted(container: FakeContainer, process: ContainerProcess) -> None:
    container.refuses = True
    with pytest.raises(HarnessError, match="web-1 cannot be sent signal 15: the Docker engine says: it cannot be"):
        process.signal(signal.SIGTERM)


def test_a_refusal_because_it_is_just_ending_is_none(container: FakeContainer, process: ContainerProcess) -> None:
    container.refuses = True
    container.status = "exited"
    process.signal(signal.SIGTERM)
    assert container.killed_by == []
