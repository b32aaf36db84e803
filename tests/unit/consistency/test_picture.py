from __future__ import annotations

import re

from harness.consistency.linearizability import check
from harness.consistency.linearizability.picture import OPERATIONS_MAX, Judged, bars_of, render
from harness.consistency.linearizability.verdict import verdict
from harness.consistency.models import Register
from tests.histories.told import Told


def judged(told: Told, source: str = "x.log") -> Judged:
    found = check(told.operations(), Register())
    return Judged(source, verdict(found), found.violation)


def test_the_page_shows_the_operations_and_loads_nothing() -> None:
    told = Told().did(1, "write", 1).began(3, "write", 9).lost(3).did(2, "read", result=2)
    page = render([judged(told)])
    assert "FAIL" in page
    for text in ("write 1", "read → 2", "write 9", "process 2"):
        assert text in page
    assert 'class="culprit"' in page
    assert 'class="indeterminate"' in page
    assert "default-src &#39;none&#39;" in page
    assert not re.findall(r"""(?:src|href)=|url\(|@import""", page)


def test_what_was_written_is_escaped() -> None:
    told = Told().did("<b>", "write", "<script>alert(1)</script>").did(2, "read", result="&amp;\x00")
    page = render([judged(told, "<x>.log")])
    assert "<script" not in page
    assert "<b>" not in page
    assert "<x>" not in page
    assert "\x00" not in page
    assert "&lt;script&gt;" in page


def test_a_history_without_violation_has_no_picture() -> None:
    page = render([judged(Told().did(1, "write", 1)), judged(Told())])
    assert "PASS" in page
    assert "UNKNOWN" in page
    assert "<svg" not in page


def test_of_a_long_history_the_end_is_shown() -> None:
    told = Told()
    for number in range(200):
        told.did(1, "write", number)
    found = check(told.did(2, "read", result=0).operations(), Register())
    assert found.violation is not None
    bars = bars_of(found.violation)
    assert len(bars) == OPERATIONS_MAX
    assert [bar.label for bar in bars[-2:]] == ["write 199", "read → 0"]
    assert [bar.order for bar in bars[-2:]] == [200, None]
    assert "141 earlier operations" in render([Judged("x", verdict(found), found.violation)])
