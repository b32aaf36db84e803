"""No event is missing."""

from __future__ import annotations

import pytest

from harness.checkers.gaps import Gaps
from harness.verdict import Status
from tests.histories.build import Story


def test_streams_without_a_hole_pass() -> None:
    with Story().event("a", 1).event("b", 1).event("a", 2).quiet().history() as history:
        assert Gaps().check(history).status is Status.PASS


@pytest.mark.parametrize("positions", [(1, 3), (2, 3), (1, 2, 2, 4)])
def test_a_hole_in_the_store_is_found(positions: tuple[int, ...]) -> None:
    story = Story().event("b", 1).quiet()
    for position in positions:
        story.event("a", position)
    with story.history() as history:
        verdict = Gaps().check(history)
    assert verdict.status is Status.FAIL
    assert [record[0] for record in verdict.evidence[0].records] == ["a"]


def test_an_event_that_consumers_never_saw_is_found() -> None:
    story = Story().request(3.0, "transfer", key=7).event("a", 1).stored("a", 2, key=7).event("a", 3).quiet()
    with story.history() as history:
        verdict = Gaps().check(history)
        assert verdict.status is Status.FAIL
        assert verdict.first_violation_s == 3.01
        assert Gaps(consumers=False).check(history).status is Status.PASS


def test_one_that_never_came_although_all_is_still_is_missing() -> None:
    with Story().event("a", 1).stored("a", 2).quiet(reached=False, settled=True).history() as history:
        assert Gaps().check(history).status is Status.FAIL


def test_one_that_may_still_come_is_not() -> None:
    with Story().event("a", 1).stored("a", 2).quiet(reached=False, settled=False).history() as history:
        verdict = Gaps().check(history)
    assert verdict.status is Status.UNKNOWN
    assert verdict.first_violation_s is None
