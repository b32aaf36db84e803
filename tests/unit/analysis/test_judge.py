"""What an analysis comes to: pass, fail, inconclusive and no data, each with a reason."""

from __future__ import annotations

import re
from random import Random

import numpy as np
import pytest

from harness.analysis.judge import Versions, judge
from harness.analysis.limits import judge_limit
from harness.analysis.outcomes import Finding, Outcome
from harness.analysis.traffic import Answers, Traffic
from harness.protocols.analysis import Analysis, Limit, Metric
from tests.unit.analysis.traffic import NAN, answers, drawn, traffic

VERSIONS = Versions("1.1", "2.0")
DEFAULT = Analysis()


def look(traffic: Traffic, analysis: Analysis = DEFAULT) -> Finding:
    return judge(analysis, traffic, VERSIONS)


def run(seed: int = 1, *, seconds: int = 30, **new: float) -> Traffic:
    random = Random(seed)
    return traffic(
        drawn(random, seconds=seconds, per_s=90, error_rate=0.005),
        drawn(random, seconds=seconds, per_s=10, **{"error_rate": 0.005, **new}),
    )


@pytest.mark.parametrize("seed", range(10))
def test_a_healthy_version_passes_and_it_is_said_what_is_not_ruled_out(seed: int) -> None:
    finding = look(run(seed))
    assert finding.outcome is Outcome.PASS, finding.reason
    assert finding.reason.startswith("2.0 is not found worse than 1.1: ")
    assert "it fails at most" in finding.reason
    assert re.search(r"and its p99 is [\d.]+ ms or more against [\d.]+ ms to [\d.]+ ms$", finding.reason), (
        finding.reason
    )


def test_a_version_that_fails_more_is_found() -> None:
    finding = look(run(error_rate=0.2))
    assert finding.outcome is Outcome.FAIL
    assert finding.reason.startswith("2.0 fails more often than 1.1: ")


def test_a_version_that_is_slower_is_found() -> None:
    finding = look(run(latency_ms=400.0))
    assert finding.outcome is Outcome.FAIL
    assert finding.reason.startswith("2.0 is slower than 1.1: p50 ")


def test_what_was_found_stays_found_when_the_rest_is_good() -> None:
    bad, good = run(seconds=10, error_rate=0.5), run(seconds=3_000, error_rate=0.0)
    new = answers([
        *zip(bad.new.second, bad.new.failed, bad.new.latency_ms, strict=True),
        *zip(good.new.second + 10, good.new.failed, good.new.latency_ms, strict=True),
    ])  # fmt: skip
    assert look(traffic(run(seconds=3_010).old, new)).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    "nothing",
    [
        traffic(Answers.none(), Answers.none()),
        traffic(run().old, Answers.none()),
        traffic(Answers.none(), run().new),
        traffic(answers([(1, False, 10.0)] * 100), answers([(2, False, 10.0)] * 100)),
    ],
)
def test_without_both_versions_in_the_same_seconds_there_is_no_data(nothing: Traffic) -> None:
    assert look(nothing).outcome is Outcome.NO_DATA


def test_a_few_answers_are_inconclusive() -> None:
    finding = look(run(seconds=1))
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert "20 of each are needed" in finding.reason


def test_failures_that_may_be_the_new_versions_are_inconclusive() -> None:
    """It hangs: who waited in vain cannot say for whom."""
    healthy = run()
    lost = answers([(second, True, NAN) for second in range(30) for _ in range(3)])
    finding = look(traffic(healthy.old, healthy.new, lost))
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert finding.reason.startswith("90 requests failed without a word")


@pytest.mark.parametrize(
    ("limit", "outcome"),
    [
        (Limit(Metric.ERROR_RATE, max=0.1), Outcome.PASS),
        (Limit(Metric.ERROR_RATE, max=0.0), Outcome.INCONCLUSIVE),
        (Limit(Metric.P50_MS, max=100.0), Outcome.PASS),
        (Limit(Metric.P50_MS, max=20.0), Outcome.INCONCLUSIVE),
        (Limit(Metric.P50_MS, max=10.0), Outcome.FAIL),
        (Limit(Metric.P50_MS, increase_max=1.0), Outcome.PASS),
        (Limit(Metric.P50_MS, increase_max=0.1), Outcome.INCONCLUSIVE),
        (Limit(Metric.P99_MS, max=1000.0), Outcome.INCONCLUSIVE),  # 300 answers do not show a 99th percentile
    ],
)
def test_limits_are_judged_by_their_bounds(limit: Limit, outcome: Outcome) -> None:
    finding = look(run(error_rate=0.0), Analysis(limits=(limit,)))
    assert finding.outcome is outcome, finding.reason


def test_a_relative_limit_says_what_it_compared() -> None:
    finding = look(run(latency_ms=30.0), Analysis(limits=(Limit(Metric.P50_MS, increase_max=0.1),)))
    assert finding.outcome is Outcome.FAIL
    assert finding.reason.startswith("2.0: p50-ms is 2")
    assert "at most 10% more than before" in finding.reason


def slowed(seed: int, *, times: float) -> Traffic:
    """Half of the time all is five times as slow, and then the new version has most of the traffic."""
    random = Random(seed)

    def shifted(early: Answers, late: Answers) -> Answers:
        return answers([
            *zip(early.second, early.failed, early.latency_ms, strict=True),
            *zip(late.second + 40, late.failed, late.latency_ms * 5, strict=True),
        ])  # fmt: skip

    return traffic(
        shifted(drawn(random, seconds=40, per_s=90), drawn(random, seconds=40, per_s=20)),
        shifted(
            drawn(random, seconds=40, per_s=10, latency_ms=20.0 * times),
            drawn(random, seconds=40, per_s=80, latency_ms=20.0 * times),
        ),
    )


@pytest.mark.parametrize("metric", [Metric.P50_MS, Metric.P90_MS, Metric.P99_MS])
def test_a_relative_limit_is_not_broken_by_what_slows_both_while_the_split_changes(metric: Metric) -> None:
    lenient = Analysis(latency_ratio_max=10.0, limits=(Limit(metric, increase_max=0.2),))
    for seed in range(3):
        assert look(slowed(seed, times=1.0), lenient).outcome is not Outcome.FAIL


def test_a_relative_limit_is_broken_by_what_slows_one() -> None:
    lenient = Analysis(latency_ratio_max=10.0, limits=(Limit(Metric.P90_MS, increase_max=0.2),))
    finding = look(slowed(1, times=3.0), lenient)
    assert finding.outcome is Outcome.FAIL
    assert finding.reason.startswith("2.0: p90-ms is ")


def test_a_relative_limit_may_be_looked_at_every_second() -> None:
    """Of versions that are alike, while the split changes, and with nothing allowed."""
    for seed in range(2):
        both = slowed(seed, times=1.0)
        for until in range(1, 81):
            seen = Traffic(both.old.within(np.arange(until)), both.new.within(np.arange(until)), both.nobody)
            assert judge_limit(Limit(Metric.P50_MS, increase_max=0.0), seen, 0.01).outcome is Outcome.INCONCLUSIVE


def test_of_a_version_whose_requests_all_fail_a_latency_is_no_data() -> None:
    failing = traffic(run().old, answers([(second, True, NAN) for second in range(30) for _ in range(10)]))
    analysis = Analysis(limits=(Limit(Metric.P50_MS, max=100.0),))
    assert look(failing, analysis).outcome is Outcome.FAIL  # as it fails more often


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: Limit(Metric.P50_MS), "either max or increase_max"),
        (lambda: Limit(Metric.P50_MS, 1.0, 0.1), "either max or increase_max"),
        (lambda: Limit(Metric.P50_MS, max=-1.0), "max must be 0 or more"),
        (lambda: Analysis(alpha=0.0), "alpha must be between 0 and 1"),
        (lambda: Analysis(latency_ratio_max=0.5), "latency_ratio_max must be 1 or more"),
        (lambda: Analysis(answers_min=0), "answers_min must be more than 0"),
    ],
)
def test_what_means_nothing_is_refused(wrong: object, message: str) -> None:
    assert callable(wrong)
    with pytest.raises(ValueError, match=message):
        wrong()
