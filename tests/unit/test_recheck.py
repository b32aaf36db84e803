from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness import cli
from harness.checkers.deployment import Deployment
from harness.checkers.faults import Faults
from harness.checkers.monotonic_reads import MonotonicReads
from harness.errors import InvalidInput
from harness.history import History, Kind, Moment, RunFacts
from harness.judge import judge
from harness.protocols import Checker
from harness.recheck import check_again, read_checkers, save_checkers
from harness.recording import write_facts, write_timeline
from harness.reporting import json_report, options_of
from harness.verdict import Status

FACTS = RunFacts(
    run_id="run",
    scenario="canary",
    summary="",
    environment="shop",
    driver="local",
    strategy="canary",
    old="1.0",
    new="2.0",
    ending="complete",
    seed=1,
    command="harness run canary.toml",
    started_at="2026-01-01T00:00:00+00:00",
    origin_ns=0,
    load_ends_ns=9_000_000_000,
    rate_per_s=100.0,
    faults=("kill api",),
)
HEALED = Moment(
    1_000_000_000,
    Kind.FAULT,
    "kill api",
    3_000_000_000,
    {"kind": "kill", "target": "api", "bit": True, "bit_by": "pid", "healed": True, "healed_by": "ready"},
)
CHECKERS: tuple[Checker, ...] = (Faults(), MonotonicReads(operations=("balance",)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "history").mkdir()
    write_facts(tmp_path / "history", FACTS)
    write_timeline(tmp_path / "history", [HEALED])
    save_checkers(tmp_path, CHECKERS)
    with History.load(tmp_path / "history") as history:
        judged = json_report.document(FACTS, judge(history, CHECKERS), options_of(CHECKERS))
    (tmp_path / "verdict.json").write_bytes(json_report.render(judged))
    return tmp_path


def test_checkers_are_read_back_with_their_options(folder: Path) -> None:
    assert read_checkers(folder) == CHECKERS


def test_the_same_history_gives_the_same_verdict(folder: Path) -> None:
    before = sorted((file, file.read_bytes()) for file in folder.rglob("*") if file.is_file())
    again = check_again(folder)
    assert again.differences == ()
    assert again.judged == json_report.read(folder / "verdict.json")
    assert again.status is Status.UNKNOWN  # no request was recorded, so nothing is known of reads
    assert sorted((file, file.read_bytes()) for file in folder.rglob("*") if file.is_file()) == before


def test_a_history_that_changed_gives_another_and_says_so(folder: Path) -> None:
    write_timeline(folder / "history", [replace(HEALED, detail={**HEALED.detail, "healed": False})])
    (difference,) = check_again(folder).differences
    assert difference.startswith("faults was pass, 'All 1 faults took hold and healed.'; it is unknown, ")


def test_other_checkers_are_named(folder: Path) -> None:
    save_checkers(folder, (Faults(), Deployment()))
    gone, come = check_again(folder).differences
    assert gone == "monotonic-reads judged then (unknown), and does not now"
    assert come.startswith("deployment judges now (")


def test_what_is_no_run_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="so this is not the folder of a run that was judged"):
        check_again(tmp_path / "history")
    (folder / "checkers.json").write_text("[1]")
    with pytest.raises(InvalidInput, match=r"checkers.json: these are no checkers: "):
        check_again(folder)
    (folder / "checkers.json").write_text('[{"kind": "fautls", "options": {}}]')
    with pytest.raises(InvalidInput, match="no checker 'fautls'; did you mean 'faults'"):
        check_again(folder)


def test_the_command(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.cli.signal.signal", lambda *_: None)
    with pytest.raises(SystemExit) as ended:
        cli.main(["check", str(folder)])
    assert ended.value.code == 2
    assert capsys.readouterr().out.endswith("the same as recorded\n")
