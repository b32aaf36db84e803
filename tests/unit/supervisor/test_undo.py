"""What is promised to be undone is undone: by who promised it, or by who finds the file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from harness.errors import HarnessError
from harness.supervisor import Supervisor
from harness.supervisor.undo import FILE, Detach, LeaveCgroup, Promise, Run, UndoLog, Unmount
from harness.waiting import until
from tests.unit.supervisor.test_supervisor import python

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")


def removal(thing: Path) -> Run:
    """Undoes what a test does: it makes a file."""
    return Run(("rm", "-f", str(thing)))


def failing(word: str = "no") -> Run:
    return Run(python(f"raise SystemExit({word!r})"))


@pytest.fixture
def log(tmp_path: Path) -> UndoLog:
    return UndoLog(tmp_path)


def open_in(log: UndoLog) -> list[str]:
    return [promise.what for promise in log.open() if isinstance(promise, Promise)]


def test_it_is_written_down_before_and_undone_afterwards(log: UndoLog, tmp_path: Path) -> None:
    thing = tmp_path / "thing"
    with log.promise("a thing", removal(thing)):
        assert open_in(log) == ["a thing"]
        thing.touch()
    assert not thing.exists()
    assert log.open() == ()


def test_it_is_undone_also_if_the_body_fails(log: UndoLog, tmp_path: Path) -> None:
    thing = tmp_path / "thing"
    thing.touch()
    with pytest.raises(ZeroDivisionError), log.promise("a thing", removal(thing)):
        _ = 1 / 0
    assert not thing.exists()
    assert log.open() == ()


def test_what_cannot_be_undone_stays_open_and_says_why(log: UndoLog) -> None:
    reason = r"a thing is not undone: .* ended with code 1: still there"
    with pytest.raises(HarnessError, match=reason), log.promise("a thing", failing("still there")):
        pass
    assert open_in(log) == ["a thing"]
    kept, broken = log.keep_all()
    assert kept == ()
    assert "still there" in broken[0]


def test_later_steps_are_taken_though_an_earlier_one_cannot_be(log: UndoLog, tmp_path: Path) -> None:
    thing = tmp_path / "thing"
    thing.touch()
    with pytest.raises(HarnessError), log.promise("a thing", failing(), removal(thing)):
        pass
    assert not thing.exists()


def test_what_is_open_is_undone_the_latest_first(log: UndoLog, tmp_path: Path) -> None:
    says = [Run(("sh", "-c", f"echo {name} >> {tmp_path / 'said'}")) for name in ("first", "second")]
    left_by_the_dead(log, *says)
    assert log.keep_all() == (("promise 2", "promise 1"), ())
    assert (tmp_path / "said").read_text().split() == ["second", "first"]
    assert log.keep_all() == ((), ())


def left_by_the_dead(log: UndoLog, *steps: Run) -> None:
    """As a process leaves them that is killed in the midst of the bodies."""
    code = """
import os, signal, sys
from pathlib import Path
from harness.supervisor.undo import Run, UndoLog
log = UndoLog(Path(sys.argv[1]))
promises = [log.promise(f"promise {n}", Run(tuple(a.split("|")))) for n, a in enumerate(sys.argv[2:], 1)]
for promise in promises:
    promise.__enter__()
os.kill(os.getpid(), signal.SIGKILL)
"""
    arguments = ["|".join(step.argv) for step in steps]
    done = subprocess.run([sys.executable, "-c", code, str(log.folder), *arguments], check=False, timeout=30)
    assert done.returncode == -signal.SIGKILL


def test_without_steps_it_ends_with_the_processes(log: UndoLog) -> None:
    (log.folder / FILE).write_text('{"line":"promise","id":"1","what":"kill web"}\n')
    assert log.keep_all() == (("kill web, which ended with the processes of its run",), ())


def test_a_line_that_was_cut_short_promised_nothing_yet(log: UndoLog, tmp_path: Path) -> None:
    thing = tmp_path / "thing"
    (log.folder / FILE).write_text('{"line":"promise","id":"1","what":"kill web","steps":[{"do":"unm')
    with log.promise("a thing", removal(thing)):
        assert open_in(log) == ["a thing"]
    assert log.open() == ()


@pytest.mark.parametrize(
    "line",
    ['{"line":"promise","id":"1","what":"x","steps":[{"do":"pray"}]}', "[]", '{"line":"promise","id":1,"what":"x"}'],
)
def test_what_nobody_understands_is_not_called_undone(log: UndoLog, line: str) -> None:
    (log.folder / FILE).write_text(f"{line}\n")
    kept, broken = log.keep_all()
    assert kept == ()
    assert broken == (f"nobody knows how to undo {line}",)


def test_nothing_is_broken_if_it_cannot_be_written_down(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="cannot be written down"), UndoLog(tmp_path / "nowhere").promise("x"):
        pytest.fail("it was broken all the same")


@pytest.mark.parametrize(
    "step", [Unmount("/nowhere"), Detach("/nowhere"), LeaveCgroup("/nowhere", "/"), Run(("true",))]
)
def test_a_step_finds_nothing_left_to_undo(step: Unmount | Detach | LeaveCgroup | Run) -> None:
    step.take()


def test_a_command_that_is_not_there_leaves_it_open(log: UndoLog) -> None:
    with pytest.raises(HarnessError, match="no-such-program"), log.promise("x", Run(("/no-such-program",))):
        pass
    assert open_in(log) == ["x"]


@ROOT_ONLY
def test_mounts_are_taken_off_also_while_they_are_in_use(tmp_path: Path) -> None:
    place = tmp_path / "a place"
    place.mkdir()
    for _ in range(2):
        mounted = subprocess.run(["mount", "-t", "tmpfs", "none", place], check=False, capture_output=True)
        if mounted.returncode:
            pytest.skip("this machine does not let root mount")
    (place / "file").touch()
    with (place / "file").open():
        Unmount(str(place)).take()
        assert not place.is_mount()
    assert list(place.iterdir()) == []


@ROOT_ONLY
def test_loop_devices_of_an_image_are_detached_and_no_others(tmp_path: Path) -> None:
    ours, others = tmp_path / "ours", tmp_path / "others"
    for image in (ours, others):
        image.write_bytes(bytes(1 << 20))
        if subprocess.run(["losetup", "-f", image], check=False, capture_output=True).returncode:
            pytest.skip("this machine has no loop devices")
    assert until(lambda: attached(ours) == 1, 5)
    Detach(str(ours)).take()
    assert until(lambda: attached(ours) == 0, 5)
    assert attached(others) == 1
    Detach(str(others)).take()
    assert until(lambda: attached(others) == 0, 5)


def attached(image: Path) -> int:
    listed = subprocess.run(["losetup", "-j", image], check=True, capture_output=True, text=True)
    return len(listed.stdout.splitlines())


def test_a_control_group_is_left_and_removed(tmp_path: Path) -> None:
    """Folders do as control groups here: a process that has ended, and none that is in."""
    group = tmp_path / "group"
    group.mkdir()
    LeaveCgroup(str(group), str(tmp_path)).take()
    assert not group.exists()


def test_the_supervisor_of_a_dead_harness_undoes_what_it_promised(tmp_path: Path) -> None:
    scratch, thing = tmp_path / "rollproof-test", tmp_path / "thing"
    kill_a_harness(scratch, removal(thing), thing)
    assert until(lambda: not scratch.exists(), 10)
    assert not thing.exists()


def test_what_it_cannot_undo_stays_for_the_sweep(tmp_path: Path) -> None:
    scratch, thing = tmp_path / "rollproof-test", tmp_path / "thing"
    told = tmp_path / "told"
    kill_a_harness(scratch, Run(("sh", "-c", f"touch {told}; exit 1")), thing)
    assert until(told.exists, 10)
    assert open_in(UndoLog(scratch)) == ["a thing"]


def kill_a_harness(scratch: Path, step: Run, thing: Path) -> None:
    code = """
import os, signal, sys
from pathlib import Path
from harness.supervisor import Supervisor
from harness.supervisor.undo import Run, UndoLog
scratch, thing, *argv = sys.argv[1:]
with Supervisor("test", Path(scratch)), UndoLog(Path(scratch)).promise("a thing", Run(tuple(argv))):
    Path(thing).touch()
    os.kill(os.getpid(), signal.SIGKILL)
"""
    words = [sys.executable, "-c", code, str(scratch), str(thing), *step.argv]
    assert subprocess.run(words, check=False, timeout=30).returncode == -signal.SIGKILL
    assert thing.exists() or not scratch.exists()


def test_a_supervisor_that_was_killed_leaves_it_to_the_harness(tmp_path: Path) -> None:
    scratch, thing = tmp_path / "rollproof-test", tmp_path / "thing"
    with Supervisor("test", scratch) as supervisor:
        (scratch / FILE).write_bytes(msgspec.json.encode(Promise("1", "a thing", (removal(thing),))))
        thing.touch()
        os.kill(supervisor.pid, signal.SIGKILL)
    assert not thing.exists()
    assert not scratch.exists()
