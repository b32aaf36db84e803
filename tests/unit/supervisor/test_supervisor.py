"""The supervisor, with real processes: nothing here is simulated, and nothing may be left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import HarnessError, StartFailed
from harness.protocols import Command
from harness.supervisor import SupervisedProcess, Supervisor
from harness.supervisor.scratch import Identity, RunNote
from harness.waiting import until

SLEEPER = (sys.executable, "-I", "-S", "-c", "import signal; signal.pause()")
PARENT_OF_TWO = """
import os, signal, sys
for n in range(2):
    if os.fork() == 0:
        if n: os.setsid()                    # out of its parent's group and session, as daemons do
        open(f"{sys.argv[1]}/{n}.part", "w").write(str(os.getpid()))
        os.rename(f"{sys.argv[1]}/{n}.part", f"{sys.argv[1]}/{n}")
        signal.pause()
signal.pause()
"""


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    return tmp_path / "rollproof-test"


@pytest.fixture
def supervisor(scratch: Path) -> Iterator[Supervisor]:
    with Supervisor("test", scratch) as supervisor:
        yield supervisor


def lives(pid: int) -> bool:
    return Identity.of(pid) is not None


def python(code: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-I", "-S", "-c", code, *arguments)


def run(supervisor: Supervisor, argv: tuple[str, ...], log: Path, **more: object) -> SupervisedProcess:
    process = supervisor.spawn(Command("child", argv, log=log, **more))  # type: ignore[arg-type]
    assert process.wait(10) is not None
    return process


def descendants(folder: Path) -> list[int]:
    assert until(lambda: {"0", "1"} <= {file.name for file in folder.iterdir()}, 5)
    return [int((folder / name).read_text()) for name in ("0", "1")]


def test_an_exit_code_is_reported(supervisor: Supervisor, tmp_path: Path) -> None:
    process = supervisor.spawn(Command("three", python("raise SystemExit(3)")))
    assert process.wait(10) == 3
    assert process.exit_code == 3


def test_input_and_output_may_be_apart_from_the_log(supervisor: Supervisor, tmp_path: Path) -> None:
    (tmp_path / "input").write_text("asked")
    code = "import sys; print(sys.stdin.read(), 'answered'); print('noted', file=sys.stderr)"
    streams = {"input": tmp_path / "input", "output": tmp_path / "output"}
    run(supervisor, python(code), tmp_path / "log", **streams)
    assert (tmp_path / "output").read_text() == "asked answered\n"
    assert (tmp_path / "log").read_text() == "noted\n"


def test_a_running_process_has_no_exit_code_until_a_signal_ends_it(supervisor: Supervisor) -> None:
    process = supervisor.spawn(Command("sleeper", SLEEPER))
    assert process.exit_code is None
    assert process.wait(0.01) is None
    process.signal(signal.SIGTERM)
    assert process.wait(10) == -signal.SIGTERM


def test_a_signal_to_what_has_ended_does_nothing(supervisor: Supervisor) -> None:
    process = supervisor.spawn(Command("gone", python("")))
    assert process.wait(10) == 0
    process.signal(signal.SIGKILL)
    assert process.exit_code == 0


def test_a_signal_reaches_the_whole_group(supervisor: Supervisor, tmp_path: Path) -> None:
    process = supervisor.spawn(Command("parent", python(PARENT_OF_TWO, str(tmp_path))))
    in_group, _ = descendants(tmp_path)
    process.signal(signal.SIGKILL)
    assert process.wait(10) == -signal.SIGKILL
    assert until(lambda: not lives(in_group), 5)


def test_output_goes_to_the_log_and_input_is_empty(supervisor: Supervisor, tmp_path: Path) -> None:
    log = tmp_path / "child.log"
    code = "import sys; print(repr(sys.stdin.read()), flush=True); print('trouble', file=sys.stderr)"
    run(supervisor, python(code), log)
    run(supervisor, python("print('again')"), log)
    assert log.read_text().splitlines() == ["''", "trouble", "again"]


def test_the_environment_is_minimal(supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_SECRET", "never to be seen")
    log = tmp_path / "child.log"
    run(supervisor, python("import json, os; print(json.dumps(dict(os.environ)))"), log, variables={"MODE": "test"})
    seen = json.loads(log.read_text())
    assert seen.keys() - {"LC_CTYPE"} == {"PATH", "HOME", "LANG", "ROLLPROOF_RUN", "ROLLPROOF_HARNESS", "MODE"}
    assert seen["ROLLPROOF_RUN"] == "test"
    assert Identity.parse(seen["ROLLPROOF_HARNESS"]) == Identity.of(os.getpid())


def test_a_child_starts_with_default_signals_and_a_session_of_its_own(supervisor: Supervisor, tmp_path: Path) -> None:
    log = tmp_path / "child.log"
    code = "import os, json; s = open('/proc/self/status').read(); print(os.getsid(0) == os.getpid()); print(s)"
    run(supervisor, (sys.executable, "-I", "-S", "-c", f"{code}"), log, folder=tmp_path)
    own_session, *status = log.read_text().splitlines()
    fields = dict(line.split(":", 1) for line in status if ":" in line)
    assert own_session == "True"
    mask = int(fields["SigIgn"], 16)
    # The C library keeps two real-time signals to itself: nobody can set those, so a parent may have left them ignored.
    ignored = {number for number in signal.valid_signals() if mask & 1 << (number - 1)}
    python_itself_ignores = {signal.SIGPIPE, signal.SIGXFSZ}
    assert ignored <= python_itself_ignores


def test_a_program_that_is_not_there_is_named(supervisor: Supervisor) -> None:
    with pytest.raises(StartFailed, match=r"web cannot be started: No such file or directory: .*no-such-program"):
        supervisor.spawn(Command("web", ("/nowhere/no-such-program",)))


def test_a_folder_that_is_not_there_is_named(supervisor: Supervisor) -> None:
    with pytest.raises(StartFailed, match="/nowhere"):
        supervisor.spawn(Command("web", SLEEPER, folder=Path("/nowhere")))


def test_an_account_that_does_not_exist_is_named(supervisor: Supervisor) -> None:
    with pytest.raises(StartFailed, match="no-such-account"):
        supervisor.spawn(Command("web", SLEEPER, user="no-such-account"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run a process as another account")
def test_another_account_can_be_used(supervisor: Supervisor, tmp_path: Path) -> None:
    log = tmp_path / "child.log"
    code = "import os; print(os.getuid() != 0, os.getgroups() != [0], os.environ['HOME'])"
    process = run(supervisor, ("/usr/bin/env", "python3", "-I", "-S", "-c", code), log, user="nobody")
    assert (process.exit_code, log.read_text().split()[:2]) == (0, ["True", "True"])


def test_leaving_kills_everything_and_removes_the_scratch_folder(scratch: Path, tmp_path: Path) -> None:
    with Supervisor("test", scratch) as supervisor:
        assert RunNote.read(scratch) == RunNote("test", str(Identity.of(os.getpid())))
        (scratch / "data").mkdir()
        (scratch / "data" / "file").write_text("x")
        process = supervisor.spawn(Command("parent", python(PARENT_OF_TWO, str(tmp_path))))
        pids = [supervisor.pid, process.pid, *descendants(tmp_path)]
        assert all(map(lives, pids))
    assert process.exit_code == -signal.SIGKILL
    assert not any(map(lives, pids))
    assert not scratch.exists()


def test_leaving_removes_shared_memory_of_killed_processes(scratch: Path, tmp_path: Path) -> None:
    code = """
import ctypes, signal
print(ctypes.CDLL(None).shmget(0, 4096, 0o1600), flush=True)
signal.pause()
"""
    log = tmp_path / "child.log"
    with Supervisor("test", scratch) as supervisor:
        supervisor.spawn(Command("child", python(code), log=log))
        assert until(lambda: log.exists() and log.read_text().endswith("\n"), 5)
        segment = log.read_text().strip()
        assert segment in segments()
    assert segment not in segments()


def segments() -> list[str]:
    return [line.split()[1] for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]]


def test_a_dead_harness_leaves_nothing(scratch: Path, tmp_path: Path) -> None:
    """It is killed with SIGKILL while a fork of it still holds its end of the socket."""
    harness = subprocess.Popen(
        [sys.executable, "-c", HARNESS, str(scratch), str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert harness.stdout is not None
    with harness.stdout:
        *pids, fork = json.loads(harness.stdout.readline())
    pids += descendants(tmp_path)
    try:
        assert all(map(lives, pids))
        harness.kill()
        harness.wait()
        assert until(lambda: not any(map(lives, pids)) and not scratch.exists(), 5)
    finally:
        os.kill(fork, signal.SIGKILL)


HARNESS = f"""
import json, os, signal, sys
from pathlib import Path
from harness.protocols import Command
from harness.supervisor import Supervisor
with Supervisor("test", Path(sys.argv[1])) as supervisor:
    parent = supervisor.spawn(Command("parent", {python(PARENT_OF_TWO)} + (sys.argv[2],)))
    fork = os.fork()
    if fork == 0:
        os.close(1)
        signal.pause()
    print(json.dumps([supervisor.pid, parent.pid, fork]), flush=True)
    signal.pause()
"""


def test_a_harness_that_dies_as_soon_as_there_is_a_folder_leaves_none(scratch: Path) -> None:
    code = """
import os, signal, sys
from pathlib import Path
from harness import supervisor
def make_and_die(scratch, run_id):
    scratch.mkdir()
    print("made", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
supervisor.make_scratch = make_and_die
with supervisor.Supervisor("test", Path(sys.argv[1])):
    pass
"""
    harness = subprocess.run([sys.executable, "-c", code, scratch], stdout=subprocess.PIPE, text=True, check=False)
    assert (harness.stdout, harness.returncode) == ("made\n", -signal.SIGKILL)
    assert until(lambda: not scratch.exists(), 5)


def test_a_folder_that_was_there_is_not_touched(scratch: Path) -> None:
    scratch.mkdir()
    (scratch / "file").write_text("somebody's")
    with pytest.raises(FileExistsError), Supervisor("test", scratch):
        pass
    assert (scratch / "file").read_text() == "somebody's"


def test_children_die_with_a_killed_supervisor_and_the_harness_hears_of_it(scratch: Path) -> None:
    with Supervisor("test", scratch) as supervisor:
        process = supervisor.spawn(Command("sleeper", SLEEPER))
        os.kill(supervisor.pid, signal.SIGKILL)
        assert process.wait(5) == -signal.SIGKILL
        assert until(lambda: not lives(process.pid), 5)
        with pytest.raises(HarnessError, match="has ended"):
            supervisor.spawn(Command("late", SLEEPER))
    assert not scratch.exists()


def test_many_threads_may_spawn_at_once(supervisor: Supervisor) -> None:
    codes: dict[int, int | None] = {}

    def one(number: int) -> None:
        codes[number] = supervisor.spawn(Command(str(number), python(f"raise SystemExit({number})"))).wait(20)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert codes == {number: number for number in range(8)}
