from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from harness.cli import cli
from harness.supervisor.scratch import HARNESS_VARIABLE, RUN_VARIABLE, Identity, RunNote, make_scratch, scratch_folder
from harness.supervisor.undo import FILE, Promise, Run, UndoLog
from harness.sweep import Stray, render, sweep

RUN = f"sweep-test-{os.getpid()}"
DEAD = Identity(os.getpid(), 1)  # our number, but it began at another time
SLEEPER = (sys.executable, "-I", "-S", "-c", "import signal; print(flush=True); signal.pause()")

Start = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture(autouse=True)
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")  # what is in this machine's engine stays there


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a process that carries a run's mark and that harness's identity."""
    with ExitStack() as stack:

        def starter(harness: str) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                SLEEPER, env={RUN_VARIABLE: RUN, HARNESS_VARIABLE: harness}, stdout=subprocess.PIPE, text=True
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            assert process.stdout is not None
            process.stdout.readline()
            return process

        yield starter


def test_a_process_of_a_dead_harness_is_killed(start: Start) -> None:
    stray = start(str(DEAD))
    swept = sweep()
    assert Stray(stray.pid, RUN, " ".join(SLEEPER)) in swept.processes
    assert stray.wait(5) == -9
    assert f"killed   {stray.pid} of run {RUN}" in render(swept)


@pytest.mark.parametrize(
    "harness", [str(Identity.of(os.getpid())), "", "no identity"], ids=["lives", "missing", "unknown"]
)
def test_a_process_of_a_harness_that_lives_or_is_unknown_stays(start: Start, harness: str) -> None:
    process = start(harness)
    assert RUN not in {stray.run_id for stray in sweep().processes}
    assert process.poll() is None


def test_a_folder_of_a_dead_harness_is_removed() -> None:
    folder = scratch_folder(RUN)
    make_scratch(folder, RUN)
    RunNote(RUN, str(DEAD)).write(folder)
    (folder / "data").mkdir()
    swept = sweep()
    assert swept.folders == (folder,)
    assert not folder.exists()
    assert f"removed  {folder}" in render(swept)


def test_a_folder_of_a_harness_that_lives_stays() -> None:
    folder = scratch_folder(RUN)
    make_scratch(folder, RUN)
    assert sweep().folders == ()
    assert folder.exists()


@pytest.mark.parametrize("note", ["", "{", '{"run_id": "x"}', '{"run_id": "x", "harness": "y"}'])
def test_a_folder_whose_note_makes_no_sense_stays(note: str) -> None:
    folder = scratch_folder(RUN)
    folder.mkdir()
    (folder / "run.json").write_text(note)
    assert sweep().folders == ()
    assert folder.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_that_another_account_put_there_stays() -> None:
    folder = scratch_folder(RUN)
    make_scratch(folder, RUN)
    RunNote(RUN, str(DEAD)).write(folder)
    os.chown(folder, 12345, 12345)
    assert sweep().folders == ()
    assert folder.exists()


def abandoned(*promises: Promise) -> Path:
    folder = scratch_folder(RUN)
    make_scratch(folder, RUN)
    RunNote(RUN, str(DEAD)).write(folder)
    (folder / FILE).write_bytes(b"\n".join(map(msgspec.json.encode, promises)))
    return folder


def test_what_a_dead_harness_had_broken_is_healed(tmp_path: Path) -> None:
    thing = tmp_path / "thing"
    thing.touch()
    steps = (Run(("rm", str(thing))),)
    folder = abandoned(Promise("1", "kill ledger"), Promise("2", "a thing", steps))
    swept = sweep()
    assert not thing.exists()
    assert not folder.exists()
    assert swept.healed == ("a thing", "kill ledger, which ended with the processes of its run")
    assert "healed   a thing" in render(swept)


def test_what_cannot_be_healed_is_told_and_may_be_tried_again(tmp_path: Path) -> None:
    thing = tmp_path / "thing"
    folder = abandoned(Promise("1", "a thing", (Run(("rm", str(thing))),)))
    swept = sweep()
    assert swept.folders == ()
    assert f"a thing is not undone: rm ended with code 1: rm: cannot remove '{thing}'" in swept.broken[0]
    assert "BROKEN   a thing" in render(swept)
    thing.touch()
    assert sweep().folders == (folder,)


def test_what_a_harness_that_lives_has_broken_stays(tmp_path: Path) -> None:
    thing = tmp_path / "thing"
    thing.touch()
    make_scratch(scratch_folder(RUN), RUN)
    with UndoLog(scratch_folder(RUN)).promise("a thing", Run(("rm", "-f", str(thing)))):
        assert sweep().healed == ()
        assert thing.exists()


def test_the_command_says_by_its_exit_code_that_something_is_still_broken() -> None:
    abandoned(Promise("1", "a thing", (Run(("false",)),)))
    result = CliRunner().invoke(cli, ["sweep"])
    assert result.exit_code == 3
    assert "BROKEN   a thing" in result.output
