"""Whatever a system under test says, a report can show it."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from harness.plain_text import printable
from harness.reporting import json_report, junit
from harness.reporting.drawing.labels import place
from harness.reporting.drawing.svg import linear_ticks
from harness.reporting.text import decimal, figure, percent
from harness.verdict import Evidence, Status, Verdict
from tests.unit.reporting.runs import FACTS

cells = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
evidence = st.builds(
    lambda title, width, rows: Evidence(
        title, tuple(f"c{n}" for n in range(width)), tuple(tuple(row[:width]) for row in rows), len(rows)
    ),
    st.text(),
    st.integers(1, 4),
    st.lists(st.lists(cells, min_size=4, max_size=4), max_size=10),
)
verdicts = st.builds(
    Verdict,
    checker=st.text(min_size=1),
    status=st.sampled_from(Status),
    reason=st.text(),
    figures=st.dictionaries(st.text(min_size=1), cells, max_size=5),
    evidence=st.lists(evidence, max_size=2).map(tuple),
    first_violation_s=st.none() | st.floats(-1e6, 1e6),
)


@given(st.lists(verdicts, max_size=4))
def test_verdicts_survive_json(given_verdicts: list[Verdict]) -> None:
    rendered = json_report.render(json_report.document(FACTS, given_verdicts, {}))
    read = msgspec.json.decode(rendered, type=json_report.VerdictDocument)
    assert json_report.render(read) == rendered
    assert [(v.checker, v.status, v.reason) for v in read.verdicts()] == [
        (v.checker, v.status, v.reason) for v in given_verdicts
    ]


@given(st.lists(verdicts, max_size=4))
def test_junit_is_xml_and_green_only_for_passes(given_verdicts: list[Verdict]) -> None:
    suite = ET.fromstring(junit.render(FACTS, given_verdicts)).find("testsuite")
    assert suite is not None
    cases = suite.findall("testcase")
    assert len(cases) == max(1, len(given_verdicts))
    green = sum(len(case) == 0 for case in cases)
    assert green == sum(verdict.status is Status.PASS for verdict in given_verdicts)


@given(st.text(st.characters(exclude_categories=())))
def test_printable_text_is_text_of_xml(text: str) -> None:
    document = ET.Element("t")
    document.text = printable(text)
    assert len(document.text) == len(text)
    ET.fromstring(ET.tostring(document))


@given(st.floats(), st.text(min_size=1))
def test_every_number_can_be_shown(number: float, name: str) -> None:
    assert decimal(number)
    assert percent(number)
    assert all(isinstance(part, str) for part in figure(name, number))


@given(st.floats(0, 1))
def test_only_all_is_all_and_only_nothing_is_nothing(share: float) -> None:
    assert (percent(share) == "100\u202f%") == (share == 1)
    assert (percent(share) == "0\u202f%") == (share == 0)


@given(st.floats(1e-6, 1e12), st.integers(1, 20))
def test_ticks_are_few_and_reach_far_enough(high: float, count: int) -> None:
    ticks = linear_ticks(high, count)
    assert ticks[-1] >= high * (1 - 1e-6)
    assert len(ticks) <= count + 2


@given(st.lists(st.tuples(st.floats(0, 1000), st.floats(1, 300)), max_size=30), st.integers(1, 5))
def test_what_is_placed_does_not_overlap(wanted: list[tuple[float, float]], rows: int) -> None:
    ordered = sorted(wanted)
    ends = [-1e9] * rows
    for placed, (_, width) in zip(place(ordered, 0, 1000, rows), ordered, strict=True):
        if placed is not None:
            assert placed.x > ends[placed.row]
            assert placed.x + width <= 1000 + 1e-6
            ends[placed.row] = placed.x + width
