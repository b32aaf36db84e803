from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import InvalidInput
from harness.load.children import Child, Children
from harness.load.engine import LoadStopped, start_load
from harness.load.plan import WorkerPlan
from harness.protocols import Command
from harness.scenario import Load


class Impostors(Children):
    """Starts something else in the place of a worker, and keeps what it was asked for."""

    def __init__(self, program: str) -> None:
        self.program = program
        self.asked: list[Command] = []

    def spawn(self, command: Command) -> Child:
        self.asked.append(command)
        return super().spawn(replace(command, argv=(sys.executable, "-c", self.program)))


@pytest.fixture
def load(tmp_path: Path) -> Load:
    locustfile = tmp_path / "locustfile.py"
    locustfile.touch()
    return Load(locustfile, "User", 100.0, users=5)


def plans(children: Impostors) -> Sequence[WorkerPlan]:
    return [WorkerPlan.read(Path(command.argv[-1])) for command in children.asked]


def test_workers_divide_the_virtual_users(tmp_path: Path, load: Load) -> None:
    children = Impostors("pass")
    with start_load(load, children, tmp_path, tmp_path, seed=4, processes=2, key_base=7, writes=["buy"]) as running:
        assert [plan.load.users for plan in plans(children)] == [3, 2]
        assert {(plan.sessions, plan.workers, plan.seed, plan.key_base) for plan in plans(children)} == {(5, 2, 4, 7)}
        assert [plan.worker for plan in plans(children)] == [0, 1]
        assert plans(children)[0].writes == ("buy",)
        assert running.files == tuple(plan.recording for plan in plans(children))


def test_keys_are_above_those_of_earlier_loads(tmp_path: Path, load: Load) -> None:
    children = Impostors("pass")
    with start_load(load, children, tmp_path, tmp_path, seed=1):
        (plan,) = plans(children)
    assert plan.key_base > 1 << 60
    assert plan.key_base + (1 << 31) < 1 << 63


def test_a_worker_that_dies_is_named_with_its_last_words(tmp_path: Path, load: Load) -> None:
    children = Impostors("import sys; print('no such thing', file=sys.stderr); sys.exit(7)")
    with (
        start_load(load, children, tmp_path, tmp_path, seed=1) as running,
        pytest.raises(LoadStopped, match=r"load-0 ended by itself \(exit code 7\)\nno such thing"),
    ):
        running.prepare("http://127.0.0.1:1")


def test_a_worker_that_never_gets_ready_is_given_up_and_killed(
    tmp_path: Path, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.load.engine.LOAD_S_MAX", 0.05)
    children = Impostors("import threading; threading.Event().wait()")
    with (
        pytest.raises(LoadStopped, match=r"has not loaded the locustfile in 0\.05 s"),
        start_load(load, children, tmp_path, tmp_path, seed=1) as running,
    ):
        running.prepare("http://127.0.0.1:1")
    with pytest.raises(LoadStopped, match="signal 9"):
        running.check()


@pytest.mark.parametrize(
    "change",
    [
        {"locustfile": Path("nowhere.py")},
        {"users": 70_000},
        {"shape": ((0.0, 0.0),)},
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_starts(
    tmp_path: Path, load: Load, change: dict[str, object]
) -> None:
    children = Impostors("pass")
    impossible = replace(load, **change)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput), start_load(impossible, children, tmp_path, tmp_path, seed=1):
        pytest.fail("started")
    assert children.asked == []
