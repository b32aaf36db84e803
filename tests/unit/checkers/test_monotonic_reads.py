"""Reads go forward."""

from __future__ import annotations

from harness.checkers.monotonic_reads import MonotonicReads
from harness.verdict import Status
from tests.histories.build import Story


def reads(*positions_at: tuple[float, int], operation: str = "balance", stream: int = 1) -> Story:
    story = Story()
    for at_s, position in positions_at:
        story.request(at_s, operation, stream=stream, position=position, took_s=0.1)
    return story


def test_reads_that_go_forward_pass() -> None:
    with reads((1, 5), (2, 5), (3, 8)).history() as history:
        verdict = MonotonicReads().check(history)
    assert verdict.status is Status.PASS
    assert verdict.figures == {"compared_balance": 2, "backwards": 0}


def test_a_read_that_shows_less_than_one_before_is_found() -> None:
    with reads((1, 5), (2, 8), (3, 6)).history() as history:
        verdict = MonotonicReads().check(history)
    assert verdict.status is Status.FAIL
    assert verdict.first_violation_s == 3.0
    assert verdict.evidence[0].records[0][:5] == (3.0, "balance", 1, 8, 6)


def test_reads_at_the_same_time_may_come_in_any_order() -> None:
    with reads((1, 5), (1.05, 8), (1.1, 5), (2, 8)).history() as history:
        assert MonotonicReads().check(history).status is Status.PASS


def test_streams_and_operations_are_held_against_themselves_only() -> None:
    story = reads((1, 5), (2, 5))
    story.request(3, "balance", stream=2, position=1).request(4, "balance", stream=2, position=2)
    story.request(5, "account", stream=1, position=1).request(6, "account", stream=1, position=2)
    with story.history() as history:
        assert MonotonicReads().check(history).status is Status.PASS


def test_only_the_named_operations_are_judged() -> None:
    story = (
        reads((1, 5), (2, 4)).request(3, "account", stream=1, position=1).request(4, "account", stream=1, position=1)
    )
    with story.history() as history:
        assert MonotonicReads(operations=("account",)).check(history).status is Status.PASS
        assert MonotonicReads(operations=("balance",)).check(history).status is Status.FAIL


def test_an_operation_that_is_named_and_never_read_twice_proves_nothing() -> None:
    with reads((1, 5), (2, 6)).history() as history:
        verdict = MonotonicReads(operations=("balance", "account")).check(history)
    assert verdict.status is Status.UNKNOWN
    assert "'account'" in verdict.reason


def test_what_writes_show_is_not_read() -> None:
    with reads((1, 5), (2, 4), operation="transfer").history() as history:
        assert MonotonicReads().check(history).status is Status.UNKNOWN


def test_reads_whose_clocks_leave_doubt_are_not_held_against_each_other() -> None:
    """The second was sent 1 ms after the first was answered, by clocks that may be 2 ms apart."""
    story = reads((1, 5), (1.2, 8), (1.301, 5), (3, 8))
    with story.history() as history:
        assert MonotonicReads().check(history).status is Status.FAIL
    with story.worker("load-0", bound_ms=1).history() as history:
        assert MonotonicReads().check(history).status is Status.PASS


def test_doubt_about_clocks_hides_nothing_that_is_beyond_it() -> None:
    with reads((1, 5), (2, 8), (3, 6)).worker("load-0", bound_ms=20).history() as history:
        verdict = MonotonicReads().check(history)
    assert verdict.status is Status.FAIL
    assert verdict.first_violation_s == 3.0
