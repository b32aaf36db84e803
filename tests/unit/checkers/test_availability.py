"""Users were served."""

from __future__ import annotations

from harness.checkers.availability import Availability
from harness.history import Kind
from harness.verdict import Status, Verdict
from tests.histories.build import Story

STRICT = Availability()


def serve(*failures_s: float, lane: str = "kept", story: Story | None = None, version: str | None = "1.0") -> Story:
    """Ten seconds with a request each hundredth of one; those at `failures_s` fail."""
    story = story or Story()
    failing = {round(at_s * 100) for at_s in failures_s}
    for number in range(1000):
        if number in failing:
            story.failure(number / 100, lane=lane, version=version)
        else:
            story.request(number / 100, lane=lane, version=version)
    return story


def hundredths(start_s: float, end_s: float) -> list[float]:
    return [number / 100 for number in range(round(start_s * 100), round(end_s * 100))]


def check(story: Story, checker: Availability = STRICT) -> Verdict:
    with story.history() as history:
        return checker.check(history)


def test_a_few_failures_are_allowed() -> None:
    verdict = check(serve(1.0, 2.0, 3.0))
    assert verdict.status is Status.PASS
    assert verdict.figures["error_rate"] == 0.003
    assert verdict.figures["outage_s"] == 0.03


def test_a_refusal_is_an_answer() -> None:
    story = serve()
    for number in range(500):
        story.request(number / 50, outcome="fail", error="refused", status=409)
    assert check(story).status is Status.PASS


def test_too_many_failures_are_found_with_the_first_of_them() -> None:
    verdict = check(serve(*hundredths(4, 5)))
    assert verdict.status is Status.FAIL
    assert "10 % of all requests were not served" in verdict.reason
    assert verdict.first_violation_s == 4.0
    assert verdict.evidence[0].total == 100


def test_a_small_version_that_is_bad_is_not_hidden_by_a_large_one() -> None:
    story = Story()
    for _ in range(5):
        serve(story=story)
    for number in range(200):
        story.request(number / 20, version="2.0", outcome="ok" if number % 20 else "fail", error=None)
    verdict = check(story)
    assert verdict.status is Status.FAIL
    assert "5 % of the requests that 2.0 answered" in verdict.reason
    assert verdict.figures["error_rate"] == round(10 / 5200, 6)


def test_a_version_with_too_few_requests_is_named_not_judged() -> None:
    story = serve().failure(5.0, version="2.0").request(5.1, version="2.0")
    verdict = check(story)
    assert verdict.status is Status.PASS
    assert "Too few requests to judge by: 2.0" in verdict.reason


def test_a_version_that_was_to_be_rolled_back_may_be_bad() -> None:
    story = serve(story=Story(ending="rollback"))
    for _ in range(3):
        serve(story=story)
    for number in range(100):
        (story.failure if number < 20 else story.request)(number / 10, version="2.0")
    assert check(story).status is Status.PASS
    story.ending = "complete"
    assert check(story).status is Status.FAIL


def test_a_fault_counts_for_all_but_not_for_the_version_that_it_met() -> None:
    story = serve(*hundredths(4.0, 4.05)).moment(4.0, Kind.FAULT, "blip", until_s=4.1)
    serve(story=story, version="2.0")
    assert check(story).status is Status.PASS
    assert check(story, Availability(error_rate_max=0.0001, availability_min=0.9)).status is Status.FAIL
    story.timeline.clear()
    lenient = Availability(error_rate_max=0.004)
    assert "that 1.0 answered" in check(story, lenient).reason


def test_lanes_may_be_out_at_different_times_and_their_union_counts() -> None:
    story = serve(*hundredths(2, 3), lane="kept")
    serve(*hundredths(2.5, 3.5), lane="new", story=story)
    verdict = check(story, Availability(0.5, 0.5))
    assert verdict.figures["outage_s"] == 1.5
    assert verdict.figures["longest_outage_s"] == 1.5
    assert verdict.figures["error_rate_new"] == 0.1


def test_an_outage_begins_with_the_request_that_failed_however_long_that_took() -> None:
    story = serve(*hundredths(3, 4)).failure(2.995, took_s=5.0)
    verdict = check(story, Availability(0.5, 0.5, outage_s_max=1.0))
    assert verdict.figures["longest_outage_s"] == 1.005
    assert verdict.status is Status.FAIL
    assert check(story, Availability(0.5, 0.5, outage_s_max=1.1)).status is Status.PASS


def test_an_outage_that_does_not_end_lasts_to_the_end_of_the_load() -> None:
    verdict = check(serve(*hundredths(9.5, 10)), Availability(0.5, 0.5))
    assert verdict.figures["outage_s"] == 0.5


def test_a_time_in_which_nobody_was_answered_counts_without_a_failure() -> None:
    story = Story()
    for number in range(800):
        story.request(number / 100)
    story.request(8.0, took_s=2.0)
    verdict = check(story, Availability(outage_s_max=1.0))
    assert verdict.status is Status.FAIL
    assert verdict.figures["longest_outage_s"] == 0.0
    assert verdict.figures["longest_gap_s"] == 2.0


def test_retries_that_the_router_hid_are_counted() -> None:
    assert check(serve().request(5.0, attempts=2)).figures["retried_by_router"] == 1


def test_what_fails_while_the_harness_does_not_run_is_not_charged() -> None:
    story = serve(*hundredths(4.0, 4.2)).moment(4.0, Kind.STALL, "stall", until_s=4.195)
    verdict = check(story)
    assert verdict.status is Status.PASS
    assert verdict.figures["excused"] == 21


def test_if_that_is_too_much_nothing_is_known() -> None:
    story = serve(*hundredths(4.0, 4.8)).moment(4.0, Kind.STALL, "stall", until_s=4.795)
    verdict = check(story)
    assert verdict.status is Status.UNKNOWN
    assert "the harness itself delayed" in verdict.reason


def test_a_stall_does_not_excuse_what_failed_outside_it() -> None:
    story = serve(*hundredths(4.0, 4.8)).moment(7.0, Kind.STALL, "stall", until_s=9.0)
    assert check(story).status is Status.FAIL


def test_a_harness_that_never_ran_proves_nothing() -> None:
    assert check(serve().moment(-1, Kind.STALL, "stall", until_s=11)).status is Status.UNKNOWN


def test_users_whom_a_stuck_system_never_let_send_were_not_served() -> None:
    """Every one of ten users waits; what they could not send counts."""
    story = Story()
    for number in range(100):
        story.request(number / 100, session=number % 10)
    for user in range(10):
        story.failure(1 + user / 100, session=user, took_s=4.0, error="timeout", version=None)
    assert story.requests is not None
    for number in range(100):
        story.failure(1.2 + number / 100, error="timeout", version=None)
        story.requests[-1] = story.requests[-1]._replace(sent_ns=None, done_ns=None)
    verdict = check(story)
    assert verdict.status is Status.FAIL
    assert verdict.figures["failed"] == 110
    assert verdict.figures["excused"] == 0
