"""Objectives, in total and by version: histories that must pass, must fail, and must be unknown."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.checkers.service_levels import ServiceLevels
from harness.judge import build, describe
from harness.service_levels.objective import Objective
from harness.verdict import Status, Verdict
from tests.histories.build import Story
from tests.unit.service_levels.test_openslo import OCCURRENCES

MOST = Objective("most", 0.9)
CHECKER = ServiceLevels((MOST,))


def run(*, canary_fails: bool = False, slow_s: float | None = None, lasts_s: int = 40) -> Story:
    """50 requests a second; every twentieth goes to 2.0, from the first second on."""
    story = Story(lasts_s=lasts_s)
    for number in range(lasts_s * 50):
        new = number % 20 == 7
        if new and canary_fails:
            story.failure(number / 50, version="2.0")
        else:
            story.request(number / 50, version="2.0" if new else "1.0", took_s=slow_s or 0.01, session=number % 50)
    return story


def check(story: Story, checker: ServiceLevels = CHECKER) -> Verdict:
    with story.history() as history:
        return checker.check(history)


def test_a_good_run_passes_and_says_what_was_spent() -> None:
    verdict = check(run())
    assert verdict.status is Status.PASS, verdict.reason
    assert verdict.figures["budget_spent_most_total"] == 0.0
    assert verdict.figures["budget_spent_most_2.0"] == 0.0


def test_a_wholly_broken_canary_at_five_percent_is_within_the_total_and_fails_all_the_same() -> None:
    verdict = check(run(canary_fails=True))
    assert verdict.status is Status.FAIL
    assert verdict.figures["budget_spent_most_total"] == pytest.approx(0.5)
    assert verdict.figures["budget_spent_most_2.0"] == pytest.approx(10.0)
    assert verdict.reason.startswith("most: 100 of 100 requests of 2.0 were bad, 90 % must be good")
    assert {record[5] for record in verdict.evidence[0].records} == {"2.0"}
    assert verdict.first_violation_s == 0.14


def test_a_version_that_was_to_be_rolled_back_is_not_held_to_it() -> None:
    story = run(canary_fails=True)
    story.ending = "rollback"
    assert check(story).status is Status.PASS


def test_a_short_outage_of_all_burns_the_budget_too_fast_although_it_is_not_spent() -> None:
    story = run(lasts_s=144)
    assert story.requests
    story.requests = [r._replace(outcome="fail", error="status", status=503)
                      if 50 <= r.scheduled_ns / 1e9 < 52 else r for r in story.requests]  # fmt: skip
    verdict = check(story, ServiceLevels((Objective("most", 0.95),)))
    assert verdict.status is Status.FAIL
    assert "the budget of all requests burnt 14.4 times too fast" in verdict.reason
    assert "burn_14.4_at_s_most_total" in verdict.figures


def test_what_is_slow_is_bad_where_that_is_promised() -> None:
    story = run(slow_s=0.4)
    assert check(story).status is Status.PASS
    assert check(story, ServiceLevels((Objective("fast", 0.9, latency_ms_max=300.0),))).status is Status.FAIL
    lasting = run(slow_s=0.4)
    lasting.lasting = ("balance",)  # takes its time on purpose, so nothing tells whether it is fast
    assert check(lasting, ServiceLevels((Objective("fast", 0.9, latency_ms_max=300.0),))).status is Status.UNKNOWN


def test_other_operations_do_not_count() -> None:
    story = run()
    for number in range(2_000):
        story.failure(number / 50, "search")
    assert check(story).status is Status.FAIL
    assert check(story, ServiceLevels((Objective("reads", 0.9, operations=("balance",)),))).status is Status.PASS


def test_slices_of_time_are_judged_by_their_number() -> None:
    story = run()
    for number in range(40):
        story.failure(10 + number / 50)
    sliced = Objective("slices", 0.99, slice_s=1.0, slice_target=0.9)
    verdict = check(story, ServiceLevels((sliced,)))
    assert verdict.status is Status.FAIL
    assert "1 of 40 slices of all requests were bad" in verdict.reason
    assert check(run(), ServiceLevels((sliced,))).status is Status.PASS


def test_without_data_nothing_is_promised_to_have_been_kept() -> None:
    assert check(Story()).status is Status.UNKNOWN
    assert check(Story().without("requests")).status is Status.UNKNOWN
    assert check(run(), ServiceLevels()).status is Status.UNKNOWN


def test_a_new_version_that_nobody_asked_is_not_known() -> None:
    story = run()
    story.requests = [request for request in story.requests or () if request.version == "1.0"]
    verdict = check(story)
    assert verdict.status is Status.UNKNOWN
    assert verdict.reason == "most is not known of 2.0: there were too few events."


def test_what_the_harness_delayed_is_not_held_against_it() -> None:
    story = run()
    for number in range(400):
        story.request(number / 50, late_s=2.0, outcome="fail", error="status", status=500, session=number % 50)
    verdict = check(story)
    assert verdict.status is Status.UNKNOWN
    assert "the harness itself delayed" in verdict.reason


def test_openslo_is_read_once_and_what_is_not_supported_leaves_it_unknown(tmp_path: Path) -> None:
    file = tmp_path / "slo.yaml"
    file.write_text(OCCURRENCES.replace("    harness/operations: /orders, /items\n", ""))
    checker = ServiceLevels(openslo=file)
    assert check(run(), checker).status is Status.PASS
    file.write_text(
        OCCURRENCES.replace("spec:\n", "spec:\n  priority: high\n", 1).replace("/orders, /items", "balance")
    )
    doubtful = ServiceLevels(openslo=file)
    verdict = check(run(), doubtful)
    assert verdict.status is Status.UNKNOWN
    assert verdict.reason == "Not supported, and so not judged: SLO checkout: spec.priority."
    file.unlink()
    assert build(*describe(doubtful)) == doubtful
