"""What only moves is neither made nor destroyed."""

from __future__ import annotations

from harness.checkers.money import Money
from harness.verdict import Status
from tests.histories.build import Story


def moved() -> Story:
    return Story().request(1.0, "transfer", key=1).stored("a", 1, key=1, amount=-5).stored("b", 1, key=1, amount=5)


def test_a_transfer_that_sums_to_zero_passes() -> None:
    with moved().request(0.0, "open", key=2).stored("c", 1, key=2, amount=100).history() as history:
        assert Money().check(history).status is Status.PASS


def test_half_a_transfer_is_found_whatever_its_client_was_told() -> None:
    story = moved().request(2.0, "transfer", key=2, outcome="indeterminate", error="timeout")
    with story.stored("a", 2, key=2, amount=-7).history() as history:
        verdict = Money().check(history)
    assert verdict.status is Status.FAIL
    assert verdict.figures["unbalanced"] == 1
    assert verdict.first_violation_s == 2.01
    assert verdict.evidence[0].records[0][3] == -7


def test_without_an_operation_that_conserves_nothing_is_known() -> None:
    with Story().request(0.0, "open", key=2).stored("c", 1, key=2, amount=100).history() as history:
        assert Money().check(history).status is Status.UNKNOWN
