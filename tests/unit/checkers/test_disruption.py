"""How long each lane was out: runs that must pass, must fail, and must be unknown; and what one would count by hand."""

from __future__ import annotations

from itertools import pairwise, product
from random import Random

import pytest

from harness.checkers.disruption import Disruption
from harness.history import Kind
from harness.judge import build, describe
from harness.verdict import Status, Verdict
from tests.histories.build import Request, Story

CHECKER = Disruption(outage_s_max=0.5)
LANES = [(lane, operation) for lane in ("new", "kept") for operation in ("balance", "transfer", "statement")]
NAMES = [f"{lane} {what}" for lane in ("new", "kept") for what in ("reads", "writes", "long")]


def run(*, lasts_s: int = 4, rate_per_s: int = 100, out: tuple[float, float] = (0.0, 0.0), lane: str = "") -> Story:
    """Each lane is asked evenly; what is sent while its `lane` is out fails. No lane named: all are."""
    story = Story(lasts_s=lasts_s, lasting=("statement",), writes=("transfer",))
    for number in range(lasts_s * rate_per_s):
        at_s = number / rate_per_s
        for (connection, operation), name in zip(LANES, NAMES, strict=True):
            fails = out[0] <= at_s < out[1] and lane in ("", name)
            (story.failure if fails else story.request)(at_s, operation, lane=connection)
    return story


def check(story: Story, checker: Disruption = CHECKER) -> Verdict:
    with story.history() as history:
        return checker.check(history)


def test_a_run_without_failures_passes_and_tells_how_often_each_lane_was_asked() -> None:
    verdict = check(run())
    assert verdict.status is Status.PASS, verdict.reason
    assert verdict.reason == "None of 6 lanes was out for more than 0.5 s: no request failed."
    assert {name: verdict.figures[f"requests_per_s {name}"] for name in NAMES} == dict.fromkeys(NAMES, 100.0)


@pytest.mark.parametrize("name", NAMES)
def test_an_outage_of_one_lane_is_found_there_and_told_to_ten_milliseconds(name: str) -> None:
    verdict = check(run(out=(1.0, 1.8), lane=name))
    assert verdict.status is Status.FAIL
    assert verdict.reason.startswith(f"The lane {name!r} was out for 0.800 s (at least 0.790 s), more than 0.5 s")
    assert verdict.evidence[0].records == ((name, 1.0, 0.8, 0.79, 0.81, 80, "1.0"),)
    assert verdict.first_violation_s == 1.0
    assert {each: verdict.figures[f"longest_outage_s {each}"] for each in NAMES} == {
        each: 0.8 if each == name else 0.0 for each in NAMES
    }


def test_what_is_shorter_passes_and_is_told() -> None:
    verdict = check(run(out=(1.0, 1.3), lane="new writes"))
    assert verdict.status is Status.PASS
    assert "'new writes' for at most 0.310 s, the longest of 1 outages" in verdict.reason


def test_what_lies_between_the_bounds_is_unknown() -> None:
    verdict = check(run(out=(1.0, 1.5), lane="kept reads"))  # from 0.49 s to 0.51 s
    assert verdict.status is Status.UNKNOWN
    assert verdict.reason.startswith("The lane 'kept reads' may have been out for 0.510 s, more than 0.5 s")


def test_a_failure_counts_from_when_it_was_sent_however_long_it_took() -> None:
    story = run()
    for number in range(80):
        story.failure(1 + number / 100, "balance", lane="other", took_s=3.0)
    for number in range(400):
        story.request(2 + number / 200, "balance", lane="other")
    verdict = check(story, Disruption(outage_s_max=2.5))
    assert verdict.figures["longest_outage_s other reads"] == 1.0


def test_a_lane_that_was_asked_too_seldom_is_unknown() -> None:
    verdict = check(run(rate_per_s=50))
    assert verdict.status is Status.UNKNOWN
    assert "The lane 'kept long' had 50 requests a second; 100 are needed" in verdict.reason
    assert check(run(rate_per_s=50), Disruption(0.5, rate_per_s_min=50)).status is Status.PASS


def test_a_lane_that_was_not_asked_for_a_while_is_unknown() -> None:
    story = run(lasts_s=6, rate_per_s=150)
    story.requests = [each for each in story.requests or () if not 2 < each.scheduled_ns / 1e9 < 3]
    verdict = check(story)
    assert verdict.status is Status.UNKNOWN
    assert "may have been out for 1.000 s" in verdict.reason


def test_what_the_harness_itself_delayed_does_not_fail() -> None:
    story = run(out=(1.0, 1.8))
    assert check(story).status is Status.FAIL
    assert check(story.moment(0.9, Kind.STALL, "stall", until_s=1.9)).status is Status.UNKNOWN


def test_an_outage_that_does_not_end_lasts_until_the_load_does() -> None:
    verdict = check(run(out=(3.0, 4.0), lane="new reads"))
    assert verdict.status is Status.FAIL
    assert verdict.figures["longest_outage_s new reads"] == 1.0


def test_nothing_recorded_is_unknown() -> None:
    assert check(Story().without("requests")).status is Status.UNKNOWN
    assert check(Story()).status is Status.UNKNOWN


def test_it_is_made_again_from_what_a_run_saves() -> None:
    assert build(*describe(CHECKER)) == CHECKER


@pytest.mark.parametrize("seed", range(30))
def test_the_bounds_are_those_that_one_counts_request_by_request(seed: int) -> None:
    random = Random(seed)
    story = Story(lasts_s=1, writes=())
    for at_ms in sorted(random.sample(range(1_000), random.randrange(1, 40))):
        (story.failure if random.random() < 0.4 else story.request)(at_ms / 1_000)
    least_s, most_s = _by_hand(story.requests or [])
    verdict = check(story, Disruption(0.1, rate_per_s_min=1))
    expected = Status.FAIL if least_s > 0.1 else Status.PASS if most_s <= 0.1 else Status.UNKNOWN
    assert verdict.status is expected, verdict.reason


def _by_hand(requests: list[Request]) -> tuple[float, float]:
    """The longest that the lane surely was out, and the longest that it may have been."""
    served = [0, *(each.scheduled_ns for each in requests if each.outcome == "ok"), 1_000_000_000]
    failed = [each.scheduled_ns for each in requests if each.outcome != "ok"]
    within = [[at for at in failed if start <= at < end] for start, end in pairwise(served)]
    return (
        max((each[-1] - each[0] for each in within if each), default=0) / 1e9,
        max(end - start for start, end in pairwise(served)) / 1e9,
    )


# ── past the router ──────────────────────────────────────────────────────────────────────────────────────────────


WRITE = "POST /transfers"


def directly(
    story: Story,
    name: str,
    *,
    from_s: float,
    until_s: float,
    out: tuple[float, float] = (0, 0),
    operations: tuple[str, ...] = ("GET /ready",),
    breaks: str = "GET /ready",
) -> Story:
    """An instance that serves, and is asked every 10 ms on new and on kept connections; it refuses once it leaves, and
    while it is `out` one of the operations.
    """
    writes = {"writes": WRITE} if WRITE in operations else {}
    story.moment(from_s, Kind.DIRECT, name, {"version": "1.0", **writes}, until_s=until_s)
    for number in range(round(from_s * 100), round(until_s * 100) + 5):
        at_s = number / 100
        for operation, lane in product(operations, ("new", "kept")):
            broken = operation == breaks and out[0] <= at_s < out[1]
            story.asked_directly(at_s, name, operation, lane=lane, fails=broken or at_s >= until_s)
    return story


def test_what_refuses_once_it_is_to_leave_was_not_out() -> None:
    verdict = check(directly(run(), "web-1", from_s=0.0, until_s=2.0))
    assert verdict.status is Status.PASS, verdict.reason
    assert verdict.figures["requests_per_s direct new reads web-1"] == 100.0
    assert verdict.figures["longest_outage_s direct kept reads web-1"] == 0.0
    assert not [name for name in verdict.figures if "direct" in name and "writes" in name]


def test_an_instance_may_refuse_writes_and_go_on_to_be_read() -> None:
    both = ("GET /ready", WRITE)
    story = directly(run(), "web-1", from_s=0.0, until_s=4.0, out=(1.5, 2.3), operations=both, breaks=WRITE)
    verdict = check(story)
    assert verdict.status is Status.FAIL
    assert {record[0] for record in verdict.evidence[0].records} == {
        "direct new writes web-1",
        "direct kept writes web-1",
    }
    assert verdict.figures["longest_outage_s direct kept reads web-1"] == 0.0


def test_writes_that_were_to_be_sent_and_were_not_are_unknown() -> None:
    story = directly(run(), "web-1", from_s=0.0, until_s=4.0, operations=("GET /ready", WRITE))
    assert story.direct is not None
    story.direct = [request for request in story.direct if request.operation != WRITE]
    verdict = check(story)
    assert verdict.status is Status.UNKNOWN
    assert verdict.reason.startswith("The lane 'direct kept writes web-1' had 0 requests a second")


def test_an_instance_that_others_stand_in_for_is_found_past_the_router() -> None:
    story = directly(run(), "web-1", from_s=0.0, until_s=4.0)
    verdict = check(directly(story, "web-2", from_s=1.0, until_s=3.0, out=(1.5, 2.3)))
    assert verdict.status is Status.FAIL
    assert verdict.reason.startswith("The lane 'direct kept reads web-2' was out for 0.800 s (at least 0.790 s)")
    assert {record[0] for record in verdict.evidence[0].records} == {
        "direct new reads web-2",
        "direct kept reads web-2",
    }


def test_what_the_prober_itself_delayed_is_not_for_certain_the_instances_doing() -> None:
    story = directly(run(), "web-1", from_s=0.0, until_s=4.0, out=(1.5, 2.3))
    for lane in ("new", "kept"):
        story.asked_directly(1.4, "web-1", "GET /ready", lane=lane, late_s=1.0)
    verdict = check(story)
    assert verdict.status is Status.UNKNOWN
    assert "may have been out for 0.8" in verdict.reason


@pytest.mark.parametrize("until_s", [0.0, 1.2])
def test_an_instance_that_was_asked_no_more_while_it_served_is_unknown(until_s: float) -> None:
    """Its prober did not start, or died."""
    story = directly(run(), "web-1", from_s=1.0, until_s=3.0)
    assert story.direct is not None
    story.direct = [request for request in story.direct if request.scheduled_ns < until_s * 1e9]
    verdict = check(story)
    assert verdict.status is Status.UNKNOWN
    assert "The lane 'direct kept reads web-1'" in verdict.reason


def test_an_instance_that_was_to_be_asked_and_was_not_is_unknown() -> None:
    verdict = check(run().moment(1.0, Kind.DIRECT, "web-1", {"version": "1.0"}, until_s=3.0))
    assert verdict.status is Status.UNKNOWN
    assert verdict.reason.startswith("The lane 'direct kept reads web-1' had 0 requests a second")
