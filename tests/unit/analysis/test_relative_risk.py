from __future__ import annotations

from math import exp, log

import numpy as np
import pytest

from harness.analysis.relative_risk import RISKS, Strata, first_alarm, log_evidence


def strata(*told: tuple[int, int, int, int]) -> Strata:
    """(to new, to old, failures of new, failures of old) a stratum."""
    new, old, new_failed, old_failed = (np.array(column, np.int64) for column in zip(*told, strict=True))
    return Strata(new, new + old, new_failed, new_failed + old_failed)


def test_one_failure_of_the_new_version_by_hand() -> None:
    [evidence] = log_evidence(strata((5, 95, 1, 0)))
    assert exp(evidence) == pytest.approx(np.mean([risk / (1 + (risk - 1) * 0.05) for risk in RISKS]))


def test_a_failure_of_the_old_version_speaks_for_the_new_one() -> None:
    evidence = log_evidence(strata((5, 95, 1, 0), (5, 95, 0, 1)))
    assert evidence[1] < evidence[0]


@pytest.mark.parametrize("told", [(0, 100, 0, 7), (100, 0, 7, 0), (5, 95, 0, 0), (0, 0, 0, 0)])
def test_a_second_that_compares_nothing_says_nothing(told: tuple[int, int, int, int]) -> None:
    assert log_evidence(strata(told)).tolist() == pytest.approx([0.0])


def test_failures_of_all_versions_alike_say_nothing_against_the_new_one() -> None:
    """An outage of everything: each request of either failed."""
    assert log_evidence(strata(*[(5, 95, 5, 95)] * 20))[-1] < 0


def test_a_wholly_broken_canary_at_five_percent_is_found_in_two_seconds() -> None:
    evidence = log_evidence(strata(*[(5, 95, 5, 0)] * 3))
    assert first_alarm(evidence, 0.01) <= 1


def test_a_canary_that_fails_as_often_as_the_old_version_is_not_found() -> None:
    evidence = log_evidence(strata(*[(10, 90, 1, 9)] * 500))
    assert first_alarm(evidence, 0.01) == -1


def test_what_is_not_found_has_no_second_and_what_is_has_its_first() -> None:
    logs = np.log(np.array([[1.0, 99.0, 98.0], [50.0, 100.0, 1.0]])) + 1e-9
    assert first_alarm(logs, 0.01).tolist() == [-1, 1]


def test_a_change_of_weights_is_no_change_of_the_version() -> None:
    """The error rate grows while the canary's share does: pooled over all, the canary fails far more often."""
    told = [(5, 95, 0, 0)] * 50 + [(50, 50, 10, 10)] * 50
    pooled = strata(tuple(int(sum(column)) for column in zip(*told, strict=True)))  # type: ignore[arg-type]
    assert log_evidence(pooled)[-1] > log(100)
    assert first_alarm(log_evidence(strata(*told)), 0.01) == -1


def test_healthy_runs_are_found_no_more_often_than_alpha() -> None:
    random = np.random.default_rng(11)
    requests = random.poisson(100, (400, 300))
    new = random.binomial(requests, 0.2)
    base = np.clip(0.02 * np.exp(random.normal(0, 0.2, requests.shape).cumsum(axis=1)), 0.001, 0.3)
    new_failed = random.binomial(new, base)
    all_failed = new_failed + random.binomial(requests - new, base)
    alarms = first_alarm(log_evidence(Strata(new, requests, new_failed, all_failed)), 0.05) >= 0
    assert np.count_nonzero(alarms) <= 0.05 * 400
