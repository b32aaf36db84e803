"""The events of a stream are published in their order."""

from __future__ import annotations

from harness.checkers.order import Order
from harness.verdict import Status
from tests.histories.build import Story


def test_streams_may_mix_as_long_as_each_goes_forward() -> None:
    with Story().saw("a", 1).saw("b", 1).saw("b", 2).saw("a", 2).history() as history:
        assert Order().check(history).status is Status.PASS


def test_an_event_that_comes_after_a_later_one_is_found() -> None:
    with Story().saw("a", 1).saw("a", 3).saw("a", 2, at_s=2.5).history() as history:
        verdict = Order().check(history)
    assert verdict.status is Status.FAIL
    assert verdict.figures["backwards"] == 1
    assert verdict.first_violation_s == 2.5


def test_an_event_that_is_published_again_is_not_out_of_order() -> None:
    with Story().saw("a", 1).saw("a", 2).saw("a", 1).saw("a", 3).history() as history:
        assert Order().check(history).status is Status.PASS


def test_a_hole_is_not_out_of_order() -> None:
    with Story().saw("a", 1).saw("a", 3).history() as history:
        assert Order().check(history).status is Status.PASS


def test_one_event_a_stream_has_no_order() -> None:
    with Story().saw("a", 1).saw("b", 1).history() as history:
        assert Order().check(history).status is Status.UNKNOWN
