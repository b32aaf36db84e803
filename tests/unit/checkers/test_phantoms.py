"""Nothing appears that nobody asked for."""

from __future__ import annotations

from harness.checkers.phantoms import Phantoms
from harness.verdict import Status
from tests.histories.build import Story


def asked() -> Story:
    return Story().request(1.0, "transfer", key=1).event("a", 1, key=1)


def test_effects_of_what_was_asked_for_are_none() -> None:
    story = asked().request(2.0, "transfer", key=2, outcome="indeterminate", error="timeout").event("a", 2, key=2)
    with story.history() as history:
        assert Phantoms().check(history).status is Status.PASS


def test_an_event_of_a_key_that_nobody_sent_is_one() -> None:
    with asked().event("a", 2, key=99).history() as history:
        verdict = Phantoms().check(history)
    assert verdict.status is Status.FAIL
    assert "nobody asked for: 1" in verdict.reason


def test_the_effect_of_a_refused_request_is_one() -> None:
    story = asked().request(2.0, "transfer", key=2, outcome="fail", error="refused", status=409).event("a", 2, key=2)
    with story.history() as history:
        verdict = Phantoms().check(history)
    assert verdict.status is Status.FAIL
    assert "certainly failed: 1" in verdict.reason
    assert verdict.first_violation_s == 2.01


def test_a_key_that_failed_once_and_was_sent_again_may_have_an_effect() -> None:
    story = (
        asked()
        .request(2.0, "transfer", key=2, outcome="fail", error="connect")
        .request(3.0, "transfer", key=2)
        .event("a", 2, key=2)
    )
    with story.history() as history:
        assert Phantoms().check(history).status is Status.PASS


def test_what_was_written_past_the_router_was_asked_for_unless_it_was_refused() -> None:
    story = asked().asked_directly(2.0, "web-1", "POST /transfers", key=2).event("a", 2, key=2)
    with story.history() as history:
        assert Phantoms().check(history).status is Status.PASS
    story.asked_directly(3.0, "web-1", "POST /transfers", key=3, outcome="fail", error="refused", status=409)
    with story.event("a", 3, key=3).history() as history:
        verdict = Phantoms().check(history)
    assert verdict.status is Status.FAIL
    assert verdict.evidence[0].records[0][1:3] == ("POST /transfers", 3)


def test_an_event_that_consumers_saw_and_the_store_does_not_hold_is_one() -> None:
    with asked().saw("a", 2, key=1, at_s=4.0).history() as history:
        verdict = Phantoms().check(history)
        assert verdict.status is Status.FAIL
        assert verdict.first_violation_s == 4.0
        assert Phantoms(consumers=False).check(history).status is Status.PASS


def test_events_without_a_key_belong_to_the_system_itself() -> None:
    with asked().event("a", 2).history() as history:
        assert Phantoms().check(history).status is Status.PASS


def test_a_store_without_effects_proves_nothing() -> None:
    with Story().request(1.0, "transfer", key=1).event("a", 1).history() as history:
        assert Phantoms().check(history).status is Status.UNKNOWN
