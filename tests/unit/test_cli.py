from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import pytest

from harness import __version__, cli, registry
from harness.errors import HarnessError
from tests.unit.fake_runner import FakeRunner
from tests.unit.toy import DRIVERS, rewrite, write_project


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


@pytest.fixture
def scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(registry, "DRIVERS", DRIVERS)
    monkeypatch.setattr(registry, "GROUPS", (registry.STRATEGIES, registry.FAULTS, registry.CHECKERS, DRIVERS))
    monkeypatch.chdir(tmp_path)
    before = signal.getsignal(signal.SIGTERM)
    yield write_project(tmp_path)
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> FakeRunner:
    fake = FakeRunner()
    monkeypatch.setitem(sys.modules, "harness.runner", fake)
    return fake


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(capsys)


class Command:
    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: object) -> Ended:
        with pytest.raises(SystemExit) as ended:
            cli.main([str(argument) for argument in arguments])
        code = ended.value.code
        assert isinstance(code, int)
        return Ended(code, *self._capsys.readouterr())


def test_version_and_help(scenario: Path, command: Command) -> None:
    assert command("--version") == Ended(0, f"harness, version {__version__}\n", "")
    told = command("--help")
    assert told.code == 0
    for name in ("check", "doctor", "list", "load", "plan", "run", "sweep"):
        assert f"\n  {name} " in told.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run",), "harness: Missing argument 'FILES...'.\n"),
        (("nonsense",), "harness: No such command 'nonsense'.\n"),
        (("plan", "--seed", "x", "y.toml"), "harness: Invalid value for '--seed': 'x' is not a valid integer range.\n"),
        (("plan", "absent.toml"), "/absent.toml: cannot be read: No such file or directory\n"),
    ],
)
def test_what_could_not_work_is_one_message_and_exit_code_4(
    scenario: Path, command: Command, arguments: Sequence[str], message: str
) -> None:
    ended = command(*arguments)
    assert (ended.code, ended.out) == (4, "")
    assert ended.err.startswith("harness: ")
    assert ended.err.endswith(message)
    assert ended.err.count("\n") == 1


def test_the_plan_starts_nothing(scenario: Path, command: Command, runner: FakeRunner) -> None:
    ended = command("plan", scenario, "--to", "2.0+slow", "--seed", "3")
    assert ended.code == 0
    assert ended.out.startswith("canary: 1.0 → 2.0+slow by canary · driver local · seed 3\n")
    assert not runner.opened


def test_list_tells_every_kind_and_its_options(scenario: Path, command: Command) -> None:
    ended = command("list")
    assert ended.code == 0
    for line in ("strategies", "faults", "checkers", "drivers"):
        assert line in ended.out.splitlines()
    assert "  canary " in ended.out
    assert "batch = 1\n" in ended.out
    assert "gate = { error_rate_max = 0.05, p99_ms_max = 1000.0, requests_min = 20 }\n" in ended.out
    assert "  kill " in ended.out


@pytest.mark.parametrize(("arguments", "code"), [((), 0), (("--to", "2.0+slow"), 1), (("--seed", "99"), 2)])
def test_the_exit_code_is_the_verdict(
    scenario: Path, command: Command, runner: FakeRunner, arguments: Sequence[str], code: int
) -> None:
    assert command("run", scenario, *arguments).code == code


def test_of_several_files_the_worst_counts_and_servers_are_shared(
    scenario: Path, command: Command, runner: FakeRunner
) -> None:
    bad = scenario.with_name("bad.toml")
    bad.write_text(scenario.read_text().replace('new = "2.0"', 'new = "2.0+slow"'))
    assert command("run", bad, scenario).code == 1
    assert [each.change.new for each in runner.ran] == ["2.0+slow", "2.0"]
    assert (runner.opened, runner.closed) == (1, 1)


def test_nothing_is_started_if_one_of_several_files_is_invalid(
    scenario: Path, command: Command, runner: FakeRunner
) -> None:
    bad = scenario.with_name("bad.toml")
    bad.write_text(scenario.read_text())
    rewrite(bad, "rate_per_s = 100", "rate_per_s = -1")
    ended = command("run", scenario, bad)
    assert (ended.code, ended.err) == (4, f"harness: {bad}:20: rate_per_s must be more than 0, not -1\n")
    assert not runner.opened


def broken_by(error: BaseException) -> SimpleNamespace:
    @contextmanager
    def open_session(*_: object) -> Iterator[SimpleNamespace]:
        def run(_scenario: object) -> NoReturn:
            raise error

        yield SimpleNamespace(run=run)

    return SimpleNamespace(open_session=open_session)


def noted() -> HarnessError:
    error = HarnessError("Envoy did not start")
    error.add_note("its log: /tmp/envoy.log")
    return error


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (noted(), 3, "harness: Envoy did not start\nits log: /tmp/envoy.log\n"),
        (KeyError("x"), 3, "harness: broke: KeyError: 'x' (HARNESS_DEBUG=1 shows where)\n"),
        (KeyboardInterrupt(), 130, ""),
        (SystemExit(143), 143, ""),
    ],
)
def test_what_ends_a_run_early(
    scenario: Path,
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: int,
    message: str,
) -> None:
    monkeypatch.setitem(sys.modules, "harness.runner", broken_by(error))
    ended = command("run", scenario)
    assert (ended.code, ended.err.lstrip("\n")) == (code, message)
    assert "Traceback" not in ended.err


def test_debugging_shows_where(scenario: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_DEBUG", "1")
    monkeypatch.setitem(sys.modules, "harness.runner", broken_by(KeyError("x")))
    ended = command("run", scenario)
    assert ended.code == 3
    assert "Traceback" in ended.err


SLOW = """
import signal, sys, threading
from contextlib import contextmanager
from types import SimpleNamespace

@contextmanager
def open_session(*_):
    try:
        yield SimpleNamespace(run=run)
    finally:
        print("stopped", flush=True)

def run(_scenario):
    print("running", flush=True)
    threading.Event().wait(30)

sys.modules["harness.runner"] = SimpleNamespace(open_session=open_session)
signal.signal(signal.SIGINT, signal.default_int_handler)  # who runs tests in the background may ignore it
from harness import cli, registry
from tests.unit.toy import DRIVERS
registry.DRIVERS = DRIVERS
cli.main(["run", sys.argv[1]])
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_unwinds_the_run(scenario: Path, number: signal.Signals, code: int) -> None:
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", SLOW, str(scenario)],
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "running\n"
        process.send_signal(number)
        assert process.wait(10) == code
        assert process.stdout.read() == "stopped\n"
        assert process.stderr.read().strip() == ""


def test_the_package_is_the_command() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "harness", "--version"], check=True, capture_output=True, text=True, timeout=30
    )
    assert told.stdout == f"harness, version {__version__}\n"
