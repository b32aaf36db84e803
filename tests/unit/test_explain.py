"""`harness explain`: from the verdict to the raw records."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness import cli
from harness.errors import InvalidInput
from harness.explain import chain
from harness.history import History, Kind, Moment
from harness.recording import write_timeline

RECORDED = Path(__file__).parents[1] / "histories" / "recorded"


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    return Path(shutil.copytree(RECORDED / "bad", tmp_path / "bad"))


def add(folder: Path, *moments: Moment) -> None:
    with History.load(folder / "history") as history:
        write_timeline(folder / "history", [*history.timeline, *moments])


def test_the_chain_goes_from_the_verdict_to_the_files_of_the_records() -> None:
    lines = chain(RECORDED / "bad").splitlines()
    assert lines[0] == "FAIL: lost-events: 137 of 885 acknowledged writes are not in the store."
    assert lines[2].startswith("fail lost-events: ")
    assert lines[3] == "  judged by   consumers = yes"
    assert lines[4].startswith("  rests on    acknowledged = 885")
    assert "  Acknowledged writes of which store has no event (10 of 137):" in lines
    assert f"  {RECORDED}/bad/history/store.parquet  1,440 rows" in lines
    assert sum(line.startswith("pass ") for line in lines) == 14


def test_it_says_how_things_stood_when_it_was_first_violated(bad: Path) -> None:
    add(
        bad,
        Moment(5_000_000_000, Kind.FAULT, "kill api", 6_000_000_000),
        Moment(7_000_000_000, Kind.FAULT, "kill later", 8_000_000_000),
    )
    lines = chain(bad).splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("  first at 5.572 s"))
    assert lines[first + 1] == "    step rolling 1/3, 4.530 to 7.543 s"
    assert "    fault kill api, 5.000 to 6.000 s" in lines
    assert "kill later" not in "\n".join(lines)


def test_what_was_asked_for_past_the_router_and_is_not_there_is_missing(bad: Path) -> None:
    add(bad, Moment(0, Kind.DIRECT, "api-1", 9_000_000_000, {"version": "1.0"}))
    assert "  direct: not recorded" in chain(bad).splitlines()


def test_it_says_what_is_missing(bad: Path) -> None:
    (bad / "history" / "consumed.parquet").unlink()
    add(
        bad,
        Moment(9_000_000_000, Kind.CUT, "KeyboardInterrupt"),
        Moment(0, Kind.WORKER, "far away", 9_000_000_000, {"whole": False, "trouble": "its disk was full"}),
    )
    lines = chain(bad).splitlines()
    missing = lines[lines.index("Missing") + 1 :]
    assert missing[0] == "  consumed: not recorded"
    assert "  direct: not recorded" not in missing  # nobody asked for it
    assert "  all after 9.000 s: the run was cut short by KeyboardInterrupt" in missing
    assert "  what far away recorded: its disk was full" in missing
    assert "  16.792 to 16.856 s: the harness itself did not run" in missing


@pytest.mark.parametrize(("name", "code"), [("good", 0), ("bad", 1)])
def test_the_exit_code_is_that_of_the_verdict(name: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["explain", str(RECORDED / name)])
    assert ended.value.code == code
    assert capsys.readouterr().out.startswith("FAIL" if code else "PASS")


def test_a_folder_that_is_none_of_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="not a verdict document"):
        chain(tmp_path)
