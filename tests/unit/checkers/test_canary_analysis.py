"""Was the new version worse, while both served? Histories that must pass, must fail, and must be unknown."""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random

import pytest

from harness.checkers.canary_analysis import CanaryAnalysis
from harness.history import Kind
from harness.judge import build, describe
from harness.protocols import Analysis, Limit, Metric
from harness.verdict import Status, Verdict
from tests.histories.build import Request, Story

FAILS = {"outcome": "fail", "error": "status", "status": 500}


def canary(seed: int = 1, *, error_rate: float = 0.005, took_s: float = 0.02, seconds: int = 30) -> Story:
    """100 requests a second, of which every tenth goes to 2.0; 1.0 fails one in 200."""
    random = Random(seed)
    story = Story(lasts_s=seconds)
    for number in range(seconds * 100):
        new = random.random() < 0.1
        fails = random.random() < (error_rate if new else 0.005)
        story.request(
            number / 100,
            version="2.0" if new else "1.0",
            took_s=(took_s if new else 0.02) * random.uniform(0.5, 1.5),
            session=number % 50,
            **(FAILS if fails else {}),  # type: ignore[arg-type]
        )
    return story


def check(story: Story, checker: CanaryAnalysis = CanaryAnalysis()) -> Verdict:  # noqa: B008 (frozen)
    with story.history() as history:
        return checker.check(history)


@pytest.mark.parametrize("seed", range(5))
def test_a_healthy_canary_passes(seed: int) -> None:
    verdict = check(canary(seed))
    assert verdict.status is Status.PASS, verdict.reason
    assert verdict.figures["seconds_compared"] == 30


def test_a_canary_that_fails_more_often_fails_with_its_failures_as_evidence_and_when_it_was_known() -> None:
    verdict = check(canary(error_rate=0.3))
    assert verdict.status is Status.FAIL
    assert verdict.reason.startswith("2.0 fails more often than 1.0: ")
    assert verdict.evidence[0].total == verdict.figures["failed_new"]
    assert {record[5] for record in verdict.evidence[0].records} == {"2.0"}
    assert verdict.first_violation_s is not None
    assert verdict.first_violation_s < 10


def test_a_canary_that_is_slower_fails() -> None:
    verdict = check(canary(took_s=0.5))
    assert verdict.status is Status.FAIL
    assert verdict.reason.startswith("2.0 is slower than 1.0: ")


def test_the_quantiles_of_both_are_told_with_what_they_lie_within() -> None:
    figures = check(canary()).figures
    for version in ("old", "new"):
        assert re.fullmatch(r"[\d.]+ ms \([\d.]+ ms to [\d.]+ ms\)", str(figures[f"p50_{version}"])), figures
        assert re.fullmatch(r"[\d.]+ ms \(.* ms( or more)?\)", str(figures[f"p99_{version}"])), figures


def test_what_kayenta_passes_is_told_beside_what_is_found() -> None:
    verdict = check(canary(error_rate=0.06, seconds=60))
    assert verdict.status is Status.FAIL
    assert verdict.figures["kayenta_errors"] == "pass"


def test_one_after_the_other_is_nothing_to_compare() -> None:
    story = canary()
    story.requests = [
        request
        for request in story.requests or ()
        if request.version == ("1.0" if request.scheduled_ns < 15_000_000_000 else "2.0")
    ]
    verdict = check(story)
    assert verdict.status is Status.UNKNOWN
    assert "answered 0 and 0 requests of the same seconds" in verdict.reason


def test_nothing_recorded_is_unknown() -> None:
    assert check(Story().without("requests")).status is Status.UNKNOWN
    assert check(Story()).status is Status.UNKNOWN


def test_a_canary_that_hangs_is_unknown_as_nobody_says_whose_the_failures_are() -> None:
    story = canary()

    def hangs(request: Request) -> Request:
        lost = request.version == "2.0" and request.scheduled_ns % 3 == 0
        return (
            request._replace(version=None, outcome="indeterminate", error="timeout", status=None) if lost else request
        )

    story.requests = [hangs(request) for request in story.requests or ()]
    verdict = check(story)
    assert verdict.status is Status.UNKNOWN
    assert "failed without a word on whose they were" in verdict.reason


def test_what_a_fault_broke_says_nothing_of_the_version() -> None:
    story = canary(error_rate=0.3)
    assert check(story.moment(-1, Kind.FAULT, "kill", until_s=29)).status is not Status.FAIL


def test_a_version_that_was_to_be_rolled_back_may_be_worse() -> None:
    story = canary(error_rate=0.3)
    story.ending = "rollback"
    verdict = check(story)
    assert verdict.status is Status.PASS
    assert verdict.reason.startswith("As was expected, 2.0 fails more often")


def aged(story: Story, *, of_fresh: float, of_stable: float) -> Story:
    """Every other request to 1.0 met an instance as young as the new version's; each fails at a rate of its own."""
    random = Random(2)

    def met(number: int, request: Request) -> Request:
        if request.version == "2.0":
            return request
        fresh = number % 2 == 0
        fails = random.random() < (of_fresh if fresh else of_stable)
        found = request._replace(instance="ledger-5" if fresh else "ledger-1", outcome="ok", error=None, status=200)
        return found._replace(outcome="fail", error="status", status=500) if fails else found

    story.requests = [met(number, request) for number, request in enumerate(story.requests or ())]
    return story


def test_only_the_baseline_is_compared_where_there_was_one() -> None:
    def young() -> Story:
        return aged(canary(error_rate=0.2), of_fresh=0.2, of_stable=0.0)

    assert check(young()).status is Status.FAIL
    verdict = check(young().moment(0, Kind.BASELINE, "baseline", {"ledger-5": "1.0"}))
    assert verdict.status is Status.PASS, verdict.reason
    assert verdict.figures["baseline"] == "ledger-5"
    assert "not found worse than 1.0's baseline" in verdict.reason


def test_a_version_that_is_worse_than_its_baseline_fails_whatever_the_older_instances_did() -> None:
    story = aged(canary(error_rate=0.2, seconds=60), of_fresh=0.0, of_stable=0.4)
    assert check(story).status is not Status.FAIL
    verdict = check(story.moment(0, Kind.BASELINE, "baseline", {"ledger-5": "1.0"}))
    assert verdict.status is Status.FAIL
    assert verdict.reason.startswith("2.0 fails more often than 1.0's baseline: ")


def test_a_baseline_that_nobody_saw_is_unknown() -> None:
    verdict = check(canary().moment(0, Kind.BASELINE, "baseline", {"ledger-5": "1.0"}))
    assert verdict.status is Status.UNKNOWN


def test_a_limit_that_is_not_known_to_hold_is_unknown() -> None:
    checker = CanaryAnalysis(Analysis(limits=(Limit(Metric.P99_MS, increase_max=0.1),)))
    assert check(canary(), checker).status is Status.UNKNOWN


def test_it_is_made_again_from_what_a_run_saves() -> None:
    checker = CanaryAnalysis(replace(Analysis(), alpha=0.001, limits=(Limit(Metric.P99_MS, max=250.0),)))
    assert build(*describe(checker)) == checker


def test_the_order_of_the_records_does_not_matter() -> None:
    story = canary(error_rate=0.05)
    before = check(story)
    assert story.requests
    Random(7).shuffle(story.requests)
    assert check(story).figures == before.figures
