"""Users did not wait long, and not longer for the new version."""

from __future__ import annotations

from random import Random

import pytest

from harness.checkers.latency import Latency
from harness.history import Kind
from harness.verdict import Status, Verdict
from tests.histories.build import Story

DEFAULT = Latency()
ABSOLUTE = Latency(compare=False)


def steady(*, slow_share: float = 0.0, slow_s: float = 0.3, seed: int = 1, rate_per_s: int = 200) -> Story:
    """Ten seconds on 1.0, then ten on 2.0; of its requests `slow_share` take `slow_s` more."""
    random = Random(seed)
    story = Story(lasts_s=20)
    for number in range(20 * rate_per_s):
        at_s = number / rate_per_s
        version = "1.0" if at_s < 10 else "2.0"
        slow = version == "2.0" and random.random() < slow_share
        took_s = random.uniform(0.005, 0.015) + (slow_s if slow else 0)
        story.request(at_s, took_s=took_s, version=version, session=number % 100)
    return story


def check(story: Story, checker: Latency = DEFAULT) -> Verdict:
    with story.history() as history:
        return checker.check(history)


def test_a_steady_run_passes() -> None:
    verdict = check(steady())
    assert verdict.status is Status.PASS, verdict.reason
    p99_ms = verdict.figures["p99_ms"]
    assert isinstance(p99_ms, float)
    assert 14 < p99_ms < 15


def test_latency_counts_from_the_scheduled_time() -> None:
    """One request a millisecond, and a system that answers none from 5 s to 6 s: p99 is 880 ms by arithmetic."""
    story = Story(lasts_s=12)
    for number in range(12_000):
        at_s = number / 1000
        story.request(at_s, took_s=6 - at_s if 5 <= at_s < 6 else 0.0)
    verdict = check(story, ABSOLUTE)
    assert verdict.figures["p99_ms"] == pytest.approx(880, abs=2)


def test_too_slow_is_found() -> None:
    verdict = check(steady(slow_share=0.03, slow_s=1.5), ABSOLUTE)
    assert verdict.status is Status.FAIL
    assert "the p99 of 2.0 is 15" in verdict.reason
    assert verdict.first_violation_s is not None
    assert verdict.first_violation_s >= 10
    assert check(steady(slow_share=0.03, slow_s=1.5), Latency(2000, compare=False)).status is Status.PASS


def test_operations_that_are_slow_by_design_may_be_left_out() -> None:
    story = steady()
    for number in range(200):
        story.request(number / 10, "statement", took_s=2.0)
    assert check(story, ABSOLUTE).status is Status.FAIL
    assert check(story, Latency(exclude=("statement",))).status is Status.PASS


@pytest.mark.parametrize("seed", range(5))
def test_a_new_version_with_a_slower_tail_is_found_within_the_limit(seed: int) -> None:
    verdict = check(steady(slow_share=0.03, seed=seed))
    assert verdict.status is Status.FAIL
    assert verdict.reason.startswith("The p99 of 2.0 is 3")
    assert all(record[1] > 300 for record in verdict.evidence[0].records if isinstance(record[1], float))


@pytest.mark.parametrize("seed", range(5))
def test_a_few_slow_requests_are_not_a_slower_tail(seed: int) -> None:
    assert check(steady(slow_share=0.008, seed=seed)).status is Status.PASS


def test_a_moment_in_which_all_were_slow_says_nothing_of_the_version() -> None:
    """For a second and a half of the new version's ten, the machine was busy with something else."""
    story = steady()
    assert story.requests is not None
    story.requests = [r for r in story.requests if not 14 <= r.scheduled_ns / 1e9 < 15.5]
    for number in range(300):
        story.request(14 + number / 200, took_s=0.4, version="2.0", session=number % 100)
    assert check(story).status is Status.PASS


def test_what_a_fault_slowed_says_nothing_of_the_version() -> None:
    story = steady()
    for number in range(300):
        story.request(12 + number / 100, took_s=0.4, version="2.0", session=number % 100)
    assert check(story).status is Status.FAIL
    assert check(story.moment(12, Kind.FAULT, "slow link", until_s=15)).status is Status.PASS


def test_a_version_that_was_to_be_rolled_back_may_be_slow() -> None:
    story = steady(slow_share=0.03)
    story.ending = "rollback"
    assert check(story).status is Status.PASS


def test_too_little_to_compare_is_unknown_and_said() -> None:
    story = steady()
    assert story.requests is not None
    story.requests = [r for r in story.requests if r.scheduled_ns < 10.5e9]
    verdict = check(story)
    assert verdict.status is Status.UNKNOWN
    assert "is not known: that takes 200 requests" in verdict.reason
    assert check(story, ABSOLUTE).status is Status.PASS


def test_what_failed_is_not_slow() -> None:
    story = steady()
    for number in range(200):
        story.failure(number / 10, took_s=5.0)
    assert check(story).status is Status.PASS


def test_a_late_harness_is_not_charged_to_the_system() -> None:
    story = steady()
    for number in range(100):
        story.request(5 + number / 100, late_s=1.5, took_s=0.01, session=number % 100)
    verdict = check(story)
    assert verdict.status is Status.PASS
    assert verdict.figures["excused"] == 100


def test_if_that_is_too_much_nothing_is_known() -> None:
    story = steady()
    for number in range(500):
        story.request(5 + number / 100, late_s=1.5, took_s=0.01, session=number % 100)
    verdict = check(story, ABSOLUTE)
    assert verdict.status is Status.UNKNOWN
    assert "the harness itself delayed 11.1 %" in verdict.reason


def test_users_who_wait_for_the_system_make_it_slow_not_the_harness() -> None:
    """Ten users, all busy for two seconds with slow answers: what is due meanwhile is sent late, by the system."""
    story = Story(lasts_s=10)
    for number in range(1000):
        at_s = number / 100
        if not 5 <= at_s < 7:
            story.request(at_s, session=number % 10)
    for user in range(10):
        story.request(4.995, took_s=2.0, session=user)
    for number in range(200):
        at_s = 5 + number / 100
        story.request(at_s, late_s=7 - at_s, session=number % 10)
    verdict = check(story, ABSOLUTE)
    assert verdict.status is Status.FAIL
    assert verdict.figures["excused"] == 0


def test_nothing_served_proves_nothing() -> None:
    assert check(Story().failure(1.0)).status is Status.UNKNOWN
