from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest

from harness.history import History, Kind
from harness.reporting.drawing import NARROW, WIDE, Layout, draw, version_class
from harness.reporting.drawing.labels import GAP_PX, place
from harness.reporting.drawing.svg import Scale, bars, broken_line, linear_ticks, log_ticks, step_area
from harness.reporting.timeline_data import timeline
from tests.unit.reporting import runs


def _drawn(run: runs.Run, layout: Layout) -> ET.Element:
    return ET.fromstring(draw(timeline(run.history, run.verdicts), layout, 1000.0))


def _count(picture: ET.Element, css: str) -> int:
    return sum(css in (node.get("class") or "").split() for node in picture.iter())


@pytest.mark.parametrize("layout", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("make", [runs.healthy_canary, runs.rolled_back_canary, runs.unknown_blue_green])
def test_every_panel_is_drawn_inside_the_picture(make: Callable[[], runs.Run], layout: Layout) -> None:
    picture = _drawn(make(), layout)
    panels = {
        (node.get("class") or "").split()[1] for node in picture.iter("g") if "panel" in (node.get("class") or "")
    }
    assert panels == {"weights", "instances", "throughput", "errors", "latency", "lag"}
    _, _, width, height = (float(number) for number in picture.get("viewBox", "").split())
    for node in picture.iter("rect"):
        x, y = float(node.get("x", 0)), float(node.get("y", 0))
        assert 0 <= x <= x + float(node.get("width", 0)) <= width + 2
        assert 0 <= y <= y + float(node.get("height", 0)) <= height


def test_faults_stalls_and_the_turning_point_are_drawn() -> None:
    rolled_back = _drawn(runs.rolled_back_canary(), WIDE)
    assert (_count(rolled_back, "rule"), _count(rolled_back, "stalled"), _count(rolled_back, "hatched")) == (1, 1, 0)
    blue_green = _drawn(runs.unknown_blue_green(), WIDE)
    assert (_count(blue_green, "hatched"), _count(blue_green, "unproved")) == (2, 1)


@pytest.mark.parametrize("layout", [WIDE, NARROW], ids=["wide", "narrow"])
def test_what_the_platform_said_is_marked_and_named_within_the_picture(layout: Layout) -> None:
    moments = [
        runs.moment(1, Kind.REMARK, "Killing", about="Pod/a", text="stopping", warning=False),
        runs.moment(2, Kind.REMARK, "FailedScheduling", about="Pod/b", text="0/3 nodes", warning=True),
        runs.moment(23.9, Kind.REMARK, "FailedScheduling", about="Pod/b", text="0/3 nodes", warning=True),
        *(runs.moment(3, Kind.REMARK, f"Reason{number}", about="Pod/c", text="") for number in range(9)),
    ]
    with History.of(runs.FACTS, moments, {}) as history:
        picture = ET.fromstring(draw(timeline(history), layout))
    assert (_count(picture, "remark"), _count(picture, "warning")) == (11, 2)
    texts = {node.text for node in picture.iter("text")}
    assert {"FailedScheduling 2 times", "Killing", "Events of the platform (1 more kinds not shown)"} <= texts
    hints = {node.text for node in picture.iter("title")}
    assert any(hint and hint.endswith("FailedScheduling. Pod/b: 0/3 nodes") for hint in hints)


def test_a_version_has_the_same_colour_everywhere() -> None:
    versions = ("1.1", "2.0", "")
    assert [version_class(versions, version) for version in versions] == ["v0", "v1", "v-none"]


def test_foreign_text_is_escaped() -> None:
    run = runs.unknown_blue_green()
    moments = [runs.moment(1, Kind.STEP, "<script>alert(1)</script>\x00", 2)]
    with History.of(run.history.facts, moments, {}) as history:
        svg = draw(timeline(history), WIDE)
    assert "<script" not in svg
    assert "&lt;script&gt;" in svg
    assert "\x00" not in svg


def test_labels_never_cover_each_other() -> None:
    wanted = [(0.0, 50.0), (10.0, 50.0), (20.0, 50.0), (56.0, 50.0), (95.0, 50.0)]
    places = place(wanted, 0.0, 120.0, 2)
    assert places[2] is None, "no row had room"
    spans = [(p.row, p.x, p.x + width) for p, (_, width) in zip(places, wanted, strict=True) if p is not None]
    for index, (row, start, _) in enumerate(spans):
        for other_row, _, other_end in spans[:index]:
            assert row != other_row or start >= other_end + GAP_PX
    assert all(end <= 120 for _, _, end in spans)


def test_a_leader_crosses_no_label_below() -> None:
    wanted = [(0.0, 50.0), (30.0, 50.0), (60.0, 50.0)]
    free, led = place(wanted, 0.0, 500.0, 4), place(wanted, 0.0, 500.0, 4, leaders=True)
    assert [placed and placed.row for placed in free] == [0, 1, 0]
    assert [placed and placed.row for placed in led] == [0, 1, 2]


@pytest.mark.parametrize("high", [0.3, 1, 4, 97, 1234, 1e6])
def test_linear_ticks_reach_beyond_the_highest_value(high: float) -> None:
    ticks = linear_ticks(high, 4)
    assert ticks[0] == 0
    assert ticks[-1] >= high * (1 - 1e-9)
    assert 2 <= len(ticks) <= 6


def test_log_ticks_enclose_the_values() -> None:
    assert log_ticks(3, 420) == (1, 10, 100, 1000)
    assert log_ticks(10, 10) == (10, 100)


def test_scales() -> None:
    assert Scale(0, 10, 100, 0)(2.5) == 75
    assert Scale(1, 100, 0, 10, logarithmic=True)(10) == pytest.approx(5)
    assert Scale(0, 10, 0, 100)(20) == 100, "what lies outside is drawn at the edge"


def test_paths() -> None:
    assert broken_line([(0, 1), (1, 2), (2, None), (3, 4)]) == "M0 1h0L1 2M3 4h0"
    assert bars([(0, 1, 2, 3)]) == "M0 3V2H1V3z"
    assert step_area([0, 1, 2], [9, 9], [5, 6]) == "M0 5H1V6H2V6V9H1V9H0z"
