"""What was acknowledged is in the store, and consumers saw it."""

from __future__ import annotations

from harness.checkers.lost_events import LostEvents
from harness.verdict import Status
from tests.histories.build import Story


def test_an_acknowledged_write_without_an_event_is_lost() -> None:
    story = Story().request(1.0, "transfer", key=1).event("a", 1, key=1).request(2.0, "transfer", key=2).quiet()
    with story.history() as history:
        verdict = LostEvents().check(history)
    assert verdict.status is Status.FAIL
    assert verdict.figures == {"acknowledged": 2, "lost_from_store": 1, "lost_from_consumers": 1}
    assert verdict.first_violation_s == 2.01
    assert [record[2] for record in verdict.evidence[0].records] == [2]


def test_a_write_that_consumers_never_saw_is_lost_to_them() -> None:
    story = Story().request(1.0, "transfer", key=1).stored("a", 1, key=1).quiet()
    with story.history() as history:
        verdict = LostEvents().check(history)
        assert verdict.status is Status.FAIL
        assert "never seen by consumers" in verdict.reason
        assert LostEvents(consumers=False).check(history).status is Status.PASS


def test_what_is_still_on_its_way_is_not_lost() -> None:
    story = Story().request(1.0, "transfer", key=1).stored("a", 1, key=1).quiet(reached=False, settled=False)
    with story.history() as history:
        assert LostEvents().check(history).status is Status.UNKNOWN


def test_if_nobody_waited_for_consumers_it_is_not_known() -> None:
    story = Story().request(1.0, "transfer", key=1).stored("a", 1, key=1)
    with story.history() as history:
        assert LostEvents().check(history).status is Status.UNKNOWN


def test_indeterminate_refused_and_reading_requests_promise_nothing() -> None:
    story = (
        Story()
        .request(1.0, "transfer", key=1)
        .event("a", 1, key=1)
        .request(2.0, "transfer", key=2, outcome="indeterminate", error="timeout")
        .request(3.0, "transfer", key=3, outcome="fail", error="refused", status=409)
        .request(4.0, "balance", key=4)
        .quiet()
    )
    with story.history() as history:
        verdict = LostEvents().check(history)
    assert verdict.status is Status.PASS
    assert verdict.figures["acknowledged"] == 1


def test_without_an_acknowledged_write_nothing_is_known() -> None:
    with Story().request(1.0, "balance").event("a", 1).quiet().history() as history:
        assert LostEvents().check(history).status is Status.UNKNOWN


def test_what_consumers_saw_must_have_been_recorded() -> None:
    story = Story().request(1.0, "transfer", key=1).event("a", 1, key=1).quiet().without("consumed")
    with story.history() as history:
        assert LostEvents().check(history).status is Status.UNKNOWN
        assert LostEvents(consumers=False).check(history).status is Status.PASS
