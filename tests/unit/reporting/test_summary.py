from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import InvalidInput
from harness.reporting.summary import (
    FaultCount,
    MatrixLine,
    NotShown,
    RunRow,
    Summary,
    VariantRow,
    matrix,
    read_summary,
    render_html,
    render_json,
    render_markdown,
    write_summary,
)
from harness.reporting.text import NONE
from harness.verdict import Status
from tests.unit.reporting.test_html import HOSTILE, Page

HEALTHY = RunRow("canary", "canary", "local", Status.PASS, Status.PASS, "", "", report="canary/r 1/report.html")
CAUGHT = VariantRow("early-ack", "rolling", "local", Status.FAIL, Status.FAIL, "lost events", 3.25, "m/1/report.html")
CAUGHT_TOO = VariantRow("early-ack", "rolling", "kind", Status.FAIL, Status.FAIL, "lost events")
MISSED = VariantRow("reorder", "canary", "local", Status.PASS, Status.FAIL, "", reason="every checker passed")
NOT_SHOWN = NotShown("reorder", "canary", "kind", "nothing is ever late there")


def _summary(
    *variants: VariantRow, runs: tuple[RunRow, ...] = (HEALTHY,), not_shown: tuple[NotShown, ...] = ()
) -> Summary:
    return Summary("Nightly", "2026-03-14T02:00:00Z", "2 cores", runs, variants, not_shown)


def test_it_passes_only_if_all_came_out_as_expected() -> None:
    assert _summary(CAUGHT).status is Status.PASS
    assert _summary(CAUGHT, MISSED).status is Status.FAIL
    assert _summary(CAUGHT, MISSED).sentence == "2 of 3 runs came out as expected."
    assert _summary(runs=()).status is Status.UNKNOWN


def test_what_is_not_shown_counts_for_nothing() -> None:
    assert _summary(CAUGHT, not_shown=(NOT_SHOWN,)).status is Status.PASS
    sentence = "2 of 2 runs came out as expected. 1 could not be: the table says why."
    assert _summary(CAUGHT, not_shown=(NOT_SHOWN,)).sentence == sentence
    assert _summary(runs=(), not_shown=(NOT_SHOWN,)).status is Status.UNKNOWN


def test_what_is_not_shown_has_a_reason() -> None:
    with pytest.raises(ValueError, match="no reason is given why reorder is not shown on kind"):
        NotShown("reorder", "canary", "kind", " ")


def test_the_matrix_has_a_place_for_each_variant_strategy_and_driver() -> None:
    table = matrix((CAUGHT, MISSED, CAUGHT_TOO, NOT_SHOWN))
    assert table.drivers == ("local", "kind")
    assert table.lines == (
        MatrixLine("early-ack", "rolling", (CAUGHT, CAUGHT_TOO)),
        MatrixLine("reorder", "canary", (MISSED, NOT_SHOWN)),
    )


def test_what_was_not_run_has_an_empty_place() -> None:
    by_canary = VariantRow("early-ack", "canary", "kind", Status.FAIL, Status.FAIL, "lost events")
    table = matrix((CAUGHT, MISSED, by_canary))
    assert table.lines == (
        MatrixLine("early-ack", "rolling", (CAUGHT, None)),
        MatrixLine("early-ack", "canary", (None, by_canary)),
        MatrixLine("reorder", "canary", (MISSED, None)),
    )


def test_the_page_is_well_formed_and_links_the_reports() -> None:
    html = render_html(_summary(CAUGHT, MISSED, CAUGHT_TOO, not_shown=(NOT_SHOWN,)))
    page = Page(html)
    assert 'href="./canary/r%201/report.html"' in html
    assert "fail lost events after 3.25 s" in page.text.replace("\u202f", " ")
    assert "variant strategy local kind early-ack rolling fail lost events" in page.text
    assert "reorder canary pass expected fail every checker passed not shown: nothing is ever late there" in page.text
    assert page.loads == page.inline == []
    assert "script" not in page.tags


def test_what_is_shown_is_escaped() -> None:
    row = RunRow(HOSTILE, HOSTILE, HOSTILE, Status.FAIL, Status.PASS, HOSTILE, HOSTILE, 1.0, HOSTILE)
    variant = VariantRow(HOSTILE, "x", HOSTILE, Status.FAIL, Status.FAIL, "c", reason=HOSTILE)
    not_shown = NotShown(HOSTILE, "y", HOSTILE, HOSTILE)
    summary = Summary(HOSTILE, HOSTILE, HOSTILE, (row,), (variant,), (not_shown,))
    assert {"script", "img"}.isdisjoint(Page(render_html(summary)).tags)
    assert "<script" not in render_markdown(summary).replace("\\<script", "")


def test_markdown_tables() -> None:
    lines = render_markdown(_summary(CAUGHT, MISSED, not_shown=(NOT_SHOWN,))).splitlines()
    assert f"| [canary](canary/r%201/report.html) | canary | local | pass |  | {NONE} |" in lines
    assert "| variant | strategy | local | kind |" in lines
    assert "| early-ack | rolling | fail by lost events after 3.25\u202fs |  |" in lines
    missed = "**pass** (expected fail): every checker passed"
    assert f"| reorder | canary | {missed} | not shown: nothing is ever late there |" in lines


def test_faults_of_all_runs_are_counted_together() -> None:
    kills = (FaultCount("kill", "local", 2, 1, 1), FaultCount("down", "local", 1, 1, 1))
    missed = replace(MISSED, faults=(FaultCount("kill", "local", 1, 1, 0), FaultCount("kill", "kind", 1, 0, 0)))
    summary = _summary(replace(CAUGHT, faults=kills), missed)
    told = ["| down | local | 1 | 1 | 1 |", "| kill | kind | 1 | 0 | 0 |", "| kill | local | 3 | 2 | 1 |"]
    assert [line for line in render_markdown(summary).splitlines() if line in told] == told
    assert "kill local 3 2 1" in Page(render_html(summary)).text
    assert json.loads(render_json(summary))["efficacy"][2]["bit"] == 2


def test_the_three_files_are_written(tmp_path: Path) -> None:
    paths = write_summary(tmp_path, _summary(CAUGHT, MISSED, not_shown=(NOT_SHOWN,)))
    data = json.loads(paths.data.read_bytes())
    assert data["status"] == "fail"
    assert data["variants"][1] == {
        "variant": "reorder",
        "strategy": "canary",
        "driver": "local",
        "status": "pass",
        "expected": "fail",
        "checker": "",
        "detection_s": None,
        "report": "",
        "reason": "every checker passed",
        "faults": [],
        "as_expected": False,
    }
    assert [row["reason"] for row in data["not_shown"]] == ["nothing is ever late there"]
    assert sorted(tmp_path.iterdir()) == sorted((paths.page, paths.markdown, paths.data))


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    faults = (FaultCount("kill", "local", 2, 1, 1),)
    summary = _summary(replace(CAUGHT, faults=faults), MISSED, not_shown=(NOT_SHOWN,))
    write_summary(tmp_path, summary)
    assert read_summary(tmp_path) == summary


@pytest.mark.parametrize("text", ["", "{}", '{"runs": 1}'])
def test_what_is_no_summary_is_refused_by_its_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "summary.json"
    file.write_text(text)
    with pytest.raises(InvalidInput, match="it is not a summary of runs") as refused:
        read_summary(tmp_path)
    assert refused.value.file == file
    file.unlink()
    with pytest.raises(InvalidInput, match="No such file"):
        read_summary(tmp_path)


def test_a_status_that_there_is_not_is_refused(tmp_path: Path) -> None:
    paths = write_summary(tmp_path, _summary(CAUGHT))
    paths.data.write_text(paths.data.read_text().replace('"status": "pass"', '"status": "fine"'))
    with pytest.raises(InvalidInput, match="FINE"):
        read_summary(tmp_path)
