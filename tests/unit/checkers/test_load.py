"""Load flowed, or the run shows nothing."""

from __future__ import annotations

import pytest

from harness.checkers.load import Load
from harness.history import Kind
from harness.verdict import Status, Verdict
from tests.histories.build import Story

RATE_PER_S = 50


def flowing(*pauses: tuple[float, float], lane: str = "kept", story: Story | None = None) -> Story:
    """Ten seconds, the first half answered by 1.0, the second by 2.0, without the requests of `pauses`."""
    story = story or Story(rate_per_s=RATE_PER_S)
    for number in range(10 * RATE_PER_S):
        at_s = number / RATE_PER_S
        if not any(start <= at_s < end for start, end in pauses):
            story.request(at_s, lane=lane, version="1.0" if at_s < 5 else "2.0", session=number % 10)
    return story


def check(story: Story) -> Verdict:
    with story.history() as history:
        return Load().check(history)


def test_load_at_its_rate_passes() -> None:
    verdict = check(flowing())
    assert verdict.status is Status.PASS, verdict.reason
    assert verdict.figures["rate_per_s"] == RATE_PER_S


def test_load_below_its_rate_is_no_load() -> None:
    verdict = check(flowing(story=Story(rate_per_s=2 * RATE_PER_S)))
    assert verdict.status is Status.UNKNOWN
    assert "only 500 requests were scheduled of about 1000" in verdict.reason


def test_requests_that_were_not_sent_are_no_load() -> None:
    story = flowing()
    assert story.requests is not None
    story.requests = [
        request._replace(sent_ns=None, done_ns=None, outcome="fail", error="timeout", version=None)
        if number % 4 == 0
        else request
        for number, request in enumerate(story.requests)
    ]
    assert "only 375 of 500 requests were sent" in check(story).reason


@pytest.mark.parametrize("pause", [(3.0, 4.6), (0.0, 1.5), (8.5, 10.0)])
def test_a_pause_is_named(pause: tuple[float, float]) -> None:
    verdict = check(flowing(pause))
    assert verdict.status is Status.UNKNOWN
    assert "nothing was sent in lane 'kept'" in verdict.reason


def test_a_short_pause_is_none() -> None:
    assert check(flowing((3.0, 3.8))).status is Status.PASS


def test_a_pause_of_one_lane_is_not_hidden_by_another() -> None:
    story = flowing((3.0, 4.6), lane="new", story=flowing(story=Story(rate_per_s=2 * RATE_PER_S)))
    assert "nothing was sent in lane 'new' from 3.0 s to 4.6 s" in check(story).reason


def test_a_stall_of_the_harness_explains_a_pause() -> None:
    assert check(flowing((3.0, 4.2)).moment(3.0, Kind.STALL, "stall", until_s=4.2)).status is Status.PASS


def test_users_whom_the_system_keeps_busy_explain_a_pause() -> None:
    """All ten users wait from 3.0 s for an answer that comes at 4.6 s; what is due meanwhile is sent afterwards."""
    story = flowing((2.8, 4.6))
    for user in range(10):
        story.request(2.8 + user / RATE_PER_S, took_s=1.8 - user / RATE_PER_S, session=user)
    for number in range(80):
        at_s = 3.0 + number / RATE_PER_S
        story.request(at_s, late_s=4.6 - at_s, session=number % 10)
    assert check(story).status is Status.PASS


def test_a_harness_that_sends_late_by_itself_is_not_trusted() -> None:
    story = flowing((3.0, 4.0))
    for number in range(RATE_PER_S):
        story.request(3 + number / RATE_PER_S, late_s=0.1, session=number % 10)
    verdict = check(story)
    assert verdict.status is Status.UNKNOWN
    assert "the harness itself delayed 10 %" in verdict.reason


def test_a_version_without_traffic_is_named() -> None:
    story = Story(rate_per_s=RATE_PER_S, new="3.0")
    assert "version 3.0 answered only 0 requests" in check(flowing(story=story)).reason
    assert check(flowing(story=Story(rate_per_s=RATE_PER_S, new="3.0", ending="rollback"))).status is Status.PASS


def test_a_lane_that_nobody_answered_is_named() -> None:
    story = flowing()
    for number in range(100):
        story.failure(number / 10, lane="new", version=None)
    assert "of 100 requests in lane 'new', 100 were sent and 0 answered" in check(story).reason


def from_cluster(story: Story) -> Story:
    story.remote_workers = 2
    return story


def test_load_of_other_machines_passes_if_each_gave_account() -> None:
    verdict = check(from_cluster(flowing()).worker("load-0").worker("load-1", bound_ms=0.25))
    assert verdict.status is Status.PASS, verdict.reason
    assert verdict.figures["workers"] == 2
    assert verdict.figures["clock_error_max_ms"] == 0.5


def test_a_worker_that_gave_no_account_is_missed() -> None:
    verdict = check(from_cluster(flowing()).worker("load-0"))
    assert verdict.status is Status.UNKNOWN
    assert "of 2 workers only 1 gave account" in verdict.reason


def test_a_worker_whose_records_are_not_whole_is_named() -> None:
    verdict = check(from_cluster(flowing()).worker("load-0").worker("load-1", trouble="it was lost"))
    assert verdict.status is Status.UNKNOWN
    assert "the records of load-1 are not whole: it was lost" in verdict.reason


def test_without_requests_it_says_which_worker_is_to_blame() -> None:
    story = from_cluster(Story().without("requests")).worker("load-0").worker("load-1", trouble="it was lost")
    verdict = check(story)
    assert verdict.status is Status.UNKNOWN
    assert "load-1" in verdict.reason


def test_clocks_that_nobody_knows_show_nothing() -> None:
    verdict = check(from_cluster(flowing()).worker("load-0").worker("load-1", bound_ms=26))
    assert verdict.status is Status.UNKNOWN
    assert "no better than 52.0 ms" in verdict.reason


def test_short_stalls_do_not_count_against_what_lasts_on_purpose() -> None:
    story = flowing(story=Story(rate_per_s=RATE_PER_S, lasting=("statement",)))
    assert story.requests is not None
    story.requests = [
        request._replace(operation="statement", done_ns=request.scheduled_ns + 2_000_000_000) if number % 2 else request
        for number, request in enumerate(story.requests)
    ]
    story.moment(3.0, Kind.STALL, "stall", until_s=3.06)
    assert check(story).status is Status.PASS
    story.lasting = ()
    assert "the harness itself delayed" in check(story).reason


@pytest.mark.parametrize("pauses", [((3.0, 4.6),), ()], ids=["paused", "flowed"])
@pytest.mark.parametrize(("busy_share", "said"), [(0.97, True), (0.5, False)])
def test_a_load_says_whether_the_machine_was_too_busy(
    busy_share: float, said: bool, pauses: tuple[tuple[float, float], ...]
) -> None:
    story = flowing(*pauses).moment(9.9, Kind.MACHINE, "processors", {"busy_share": busy_share})
    assert ("The processors were 97% busy" in check(story).reason) is said


def without_kept_connections(new_per_s: int) -> Story:
    """Nine tenths come on kept connections, but from 3 s to 6 s, when there are none and `new_per_s` open new ones."""
    story = Story(rate_per_s=RATE_PER_S)
    for number in range(10 * RATE_PER_S):
        at_s, version = number / RATE_PER_S, "1.0" if number < 5 * RATE_PER_S else "2.0"
        if 3 <= at_s < 6:
            if number % RATE_PER_S < new_per_s:
                story.request(at_s, lane="new", version=version, session=number % 10)
        else:
            story.request(at_s, lane="kept" if number % 10 else "new", version=version, session=number % 10)
    return story


def test_kept_connections_that_the_system_closed_leave_no_pause_while_users_open_new_ones() -> None:
    assert check(without_kept_connections(RATE_PER_S)).status is Status.PASS


def test_a_lane_that_pauses_while_others_go_on_as_before_is_named() -> None:
    verdict = check(without_kept_connections(RATE_PER_S // 10))
    assert verdict.status is Status.UNKNOWN
    assert "nothing was sent in lane 'kept' from 3.0 s" in verdict.reason


def test_how_long_a_lane_may_pause_by_chance_is_not_told_from_an_outage() -> None:
    """A tenth of the requests opens a connection of its own; but all do while there is nobody to keep one with."""
    story = Story(rate_per_s=RATE_PER_S, lasts_s=30)
    for number in range(30 * RATE_PER_S):
        at_s = number / RATE_PER_S
        lane = "new" if 10 <= at_s < 26 or number % 10 == 0 else "kept"
        if not (lane == "new" and 2 <= at_s < 3.5):  # as chance has it
            story.request(at_s, lane=lane, version="1.0" if at_s < 15 else "2.0", session=number % 10)
    verdict = check(story)
    assert verdict.status is Status.PASS, verdict.reason
