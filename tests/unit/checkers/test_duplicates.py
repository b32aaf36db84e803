"""Nothing takes effect twice, and nothing is published twice."""

from __future__ import annotations

from harness.checkers.duplicates import Duplicates
from harness.verdict import Status
from tests.histories.build import Story


def once() -> Story:
    return Story().request(1.0, "transfer", key=1).event("a", 1, key=1, amount=-5).event("b", 1, key=1, amount=5)


def test_two_events_of_one_operation_in_two_streams_are_no_duplicates() -> None:
    with once().history() as history:
        assert Duplicates().check(history).status is Status.PASS


def test_an_operation_that_took_effect_twice_is_found() -> None:
    with once().event("a", 2, key=1, amount=-5).history() as history:
        verdict = Duplicates().check(history)
    assert verdict.status is Status.FAIL
    assert verdict.figures["twice_in_store"] == 1
    assert verdict.figures["twice_published"] == 0
    assert verdict.first_violation_s == 1.01


def test_two_events_of_different_type_may_have_one_key() -> None:
    with once().event("a", 2, key=1, type="FeeTaken").history() as history:
        assert Duplicates().check(history).status is Status.PASS


def test_events_without_a_key_are_nobodys_duplicates() -> None:
    with once().event("a", 2).event("a", 3).history() as history:
        assert Duplicates().check(history).status is Status.PASS


def test_an_event_that_was_published_twice_is_found() -> None:
    with once().saw("a", 1, key=1, at_s=7.0).history() as history:
        verdict = Duplicates().check(history)
        assert verdict.status is Status.FAIL
        assert verdict.figures["twice_published"] == 1
        assert verdict.first_violation_s == 7.0
        assert Duplicates(consumers=False).check(history).status is Status.PASS


def test_consumers_that_saw_nothing_prove_nothing() -> None:
    story = once()
    story.consumed = []
    with story.history() as history:
        assert Duplicates().check(history).status is Status.UNKNOWN
