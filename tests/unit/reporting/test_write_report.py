from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.history import History
from harness.reporting import options_of, write_report
from harness.reporting.files import replace
from harness.scenario import Slo
from harness.verdict import Status, Verdict
from tests.unit.reporting import runs


@dataclass(frozen=True)
class Strict:
    slo: Slo
    exclude: tuple[str, ...] = ("read", "open")
    limit_ms: float | None = None
    name = "strict"

    def check(self, history: History) -> Verdict:
        return Verdict(self.name, Status.PASS, "")


def test_the_three_files_are_written_and_nothing_else(tmp_path: Path) -> None:
    run = runs.healthy_canary()
    folder = tmp_path / "scenario" / "run"
    paths = write_report(folder, run.history, run.verdicts, run.plan, run.options)
    assert sorted(folder.iterdir()) == sorted((paths.verdict, paths.junit, paths.report))


def test_writing_again_gives_the_same_page(tmp_path: Path) -> None:
    run = runs.healthy_canary()
    before = write_report(tmp_path, run.history, run.verdicts, run.plan).report.read_bytes()
    assert write_report(tmp_path, run.history, run.verdicts, run.plan).report.read_bytes() == before


def test_the_page_links_what_lies_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "envoy.log").write_text("")
    run = runs.healthy_canary()
    page = write_report(tmp_path, run.history, run.verdicts, run.plan).report.read_text()
    for file in ("logs/envoy.log", "junit.xml", "verdict.json"):
        assert f'href="./{file}"' in page


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    occupied = tmp_path / "report.html"
    (occupied / "in the way").mkdir(parents=True)
    with pytest.raises(OSError, match=r"report\.html"):
        replace(occupied, b"new")
    assert list(tmp_path.iterdir()) == [occupied]


def test_options_are_the_fields_of_a_checker() -> None:
    options = options_of([Strict(Slo())])["strict"]
    assert options["slo.p99_ms_max"] == 1000.0
    assert options["exclude"] == "read, open"
    assert options["limit_ms"] is None
