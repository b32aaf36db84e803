from __future__ import annotations

import json
from pathlib import Path

from harness.reporting.summary import RunRow, Summary, VariantRow, matrix, render_html, render_markdown, write_summary
from harness.reporting.text import NONE
from harness.verdict import Status
from tests.unit.reporting.test_html import HOSTILE, Page

HEALTHY = RunRow("canary", "canary", "local", Status.PASS, Status.PASS, "", "", report="canary/r 1/report.html")
CAUGHT = VariantRow("early-ack", "rolling", Status.FAIL, Status.FAIL, "lost events", 3.25, "m/1/report.html")
MISSED = VariantRow("reorder", "canary", Status.PASS, Status.FAIL, "")


def _summary(*variants: VariantRow, runs: tuple[RunRow, ...] = (HEALTHY,)) -> Summary:
    return Summary("Nightly", "2026-03-14T02:00:00Z", "2 cores", runs, variants)


def test_it_passes_only_if_all_came_out_as_expected() -> None:
    assert _summary(CAUGHT).status is Status.PASS
    assert _summary(CAUGHT, MISSED).status is Status.FAIL
    assert _summary(CAUGHT, MISSED).sentence == "2 of 3 runs came out as expected."
    assert _summary(runs=()).status is Status.UNKNOWN


def test_the_matrix_has_a_place_for_each_pair() -> None:
    table = matrix((CAUGHT, MISSED))
    assert table.strategies == ("rolling", "canary")
    assert table.rows == (("early-ack", (CAUGHT, None)), ("reorder", (None, MISSED)))


def test_the_page_is_well_formed_and_links_the_reports() -> None:
    html = render_html(_summary(CAUGHT, MISSED))
    page = Page(html)
    assert 'href="./canary/r%201/report.html"' in html
    assert "fail lost events after 3.25 s" in page.text.replace("\u202f", " ")
    assert "pass expected fail" in page.text
    assert page.loads == page.inline == []
    assert "script" not in page.tags


def test_what_is_shown_is_escaped() -> None:
    row = RunRow(HOSTILE, HOSTILE, HOSTILE, Status.FAIL, Status.PASS, HOSTILE, HOSTILE, 1.0, HOSTILE)
    summary = Summary(HOSTILE, HOSTILE, HOSTILE, (row,), (VariantRow(HOSTILE, "x", Status.FAIL, Status.FAIL, "c"),))
    assert {"script", "img"}.isdisjoint(Page(render_html(summary)).tags)
    assert "<script" not in render_markdown(summary).replace("\\<script", "")


def test_markdown_tables() -> None:
    lines = render_markdown(_summary(CAUGHT, MISSED)).splitlines()
    assert f"| [canary](canary/r%201/report.html) | canary | local | pass |  | {NONE} |" in lines
    assert "| early-ack | fail by lost events after 3.25\u202fs |  |" in lines
    assert "| reorder |  | **pass** (expected fail) |" in lines


def test_the_three_files_are_written(tmp_path: Path) -> None:
    paths = write_summary(tmp_path, _summary(CAUGHT, MISSED))
    data = json.loads(paths.data.read_bytes())
    assert data["status"] == "fail"
    assert data["variants"][1] == {
        "variant": "reorder",
        "strategy": "canary",
        "status": "pass",
        "expected": "fail",
        "checker": "",
        "detection_s": None,
        "report": "",
        "as_expected": False,
    }
    assert sorted(tmp_path.iterdir()) == sorted((paths.page, paths.markdown, paths.data))
