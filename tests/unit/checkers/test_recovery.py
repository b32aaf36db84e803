"""What follows a fault: the service is well again, or it is not, or nobody can tell."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from harness.checkers.recovery import Recovery
from harness.history import Kind, Moment
from harness.verdict import Status, Verdict
from tests.histories.build import Story, ns


def broken(
    *spans: tuple[float, float], bad: Sequence[tuple[float, float]] = (), slow: bool = False, lasts_s: float = 20.0
) -> Story:
    """Faults are in for these spans; requests fail in the bad ones, or are slow."""
    story = Story(faults=("f",), lasts_s=lasts_s)
    for start_s, end_s in spans:
        story.timeline.append(fault(start_s, end_s))
    for number in range(round(lasts_s * 50)):
        at_s = number / 50
        if not any(start_s <= at_s < end_s for start_s, end_s in bad):
            story.request(at_s, session=number % 8)
        elif slow:
            story.request(at_s, took_s=1.5, session=number % 8)
        else:
            story.failure(at_s)
    return story


def fault(start_s: float, end_s: float, *, healed: bool = True) -> Moment:
    """It takes a second more to see that it has healed."""
    detail = {"bit": True, "healed": healed, "out_ns": ns(end_s)}
    return Moment(ns(start_s), Kind.FAULT, "f", ns(end_s + 1), detail)


def check(story: Story) -> Verdict:
    with story.history() as history:
        return Recovery(recovery_s_max=5.0).check(history)


def test_a_service_that_is_well_at_once_passes() -> None:
    verdict = check(broken((2, 4), bad=[(2, 4)]))
    assert verdict.status is Status.PASS, verdict.reason
    assert verdict.figures == {"took_s_max": 0, "recovered": 1}


@pytest.mark.parametrize("slow", [False, True], ids=["errors", "latency"])
def test_one_that_needs_a_while_passes_and_tells_how_long(slow: bool) -> None:
    verdict = check(broken((2, 4), bad=[(2, 6.5)], slow=slow))
    assert verdict.status is Status.PASS, verdict.reason
    assert verdict.figures["took_s_max"] == 3


def test_one_that_needs_too_long_fails() -> None:
    verdict = check(broken((2, 4), bad=[(2, 10.5)]))
    assert verdict.status is Status.FAIL
    assert verdict.reason == (
        "It took 7 s after the faults were out at 4.0 s until the service level was met, more than 5 s."
    )
    assert verdict.first_violation_s == 4.0


@pytest.mark.parametrize("slow", [False, True], ids=["errors", "latency"])
def test_one_that_never_recovers_fails(slow: bool) -> None:
    verdict = check(broken((2, 4), bad=[(2, 20)], slow=slow))
    assert verdict.status is Status.FAIL
    assert "not met again in the 16 s after the faults were out at 4.0 s" in verdict.reason


def test_a_good_second_among_bad_ones_is_no_recovery() -> None:
    verdict = check(broken((2, 4), bad=[(at_s, at_s + 1) for at_s in range(4, 20, 2)]))
    assert verdict.status is Status.FAIL


def test_a_load_that_ends_too_soon_leaves_it_unknown() -> None:
    verdict = check(broken((2, 18), bad=[(2, 20)]))
    assert verdict.status is Status.UNKNOWN
    assert "The load ended 2 s after the last fault was out at 18.0 s, too soon to tell" in verdict.reason


def test_a_second_after_the_faults_is_not_enough_to_pass() -> None:
    assert check(broken((2, 18.9))).status is Status.UNKNOWN


def test_faults_that_overlap_are_recovered_from_together() -> None:
    verdict = check(broken((2, 8), (3, 4), bad=[(2, 8)]))
    assert verdict.status is Status.PASS, verdict.reason
    assert verdict.figures["recovered"] == 1


def test_the_next_fault_may_come_before_it_has_recovered() -> None:
    verdict = check(broken((2, 4), (6, 8), bad=[(2, 9)]))
    assert verdict.status is Status.PASS, verdict.reason
    assert "1 times the next fault came too soon to tell" in verdict.reason


def test_one_that_had_its_time_before_the_next_fault_fails() -> None:
    assert check(broken((2, 4), (10, 11), bad=[(2, 11)])).status is Status.FAIL


def test_nobody_who_asks_leaves_it_unknown() -> None:
    story = broken((2, 4))
    assert story.requests is not None
    story.requests = [request for request in story.requests if request.scheduled_ns < ns(4)]
    assert check(story).status is Status.UNKNOWN


def test_a_fault_that_was_not_seen_to_heal_leaves_it_unknown() -> None:
    story = broken((2, 4))
    story.timeline = [fault(2, 4, healed=False)]
    verdict = check(story)
    assert (verdict.status, verdict.reason) == (Status.UNKNOWN, "Not seen to heal: f.")


def test_a_fault_that_was_never_injected_leaves_it_unknown() -> None:
    assert check(broken()).status is Status.UNKNOWN


def test_where_no_fault_was_asked_for_there_is_nothing_to_recover_from() -> None:
    with Story().history() as history:
        assert Recovery().check(history).status is Status.PASS


def test_without_requests_there_is_nothing_to_judge_by() -> None:
    story = broken((2, 4))
    story.requests = None
    assert check(story).status is Status.UNKNOWN


def test_it_is_counted_from_when_the_fault_was_out_not_from_when_that_was_proven() -> None:
    verdict = check(broken((2, 4), bad=[(2, 5)]))
    assert verdict.figures["took_s_max"] == 1
