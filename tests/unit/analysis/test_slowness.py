from __future__ import annotations

from math import log
from random import Random

import pytest

from harness.analysis.slowness import log_evidence
from harness.analysis.traffic import Traffic
from tests.unit.analysis.traffic import answers, drawn, traffic

ALARM = log(100)


def evidence(traffic: Traffic, ratio_max: float = 2.0, slack_ms: float = 50.0) -> float:
    found = log_evidence(traffic, ratio_max, slack_ms)
    return float(found.max()) if found.size else 0.0


def pair(seed: int, **new: float) -> Traffic:
    random = Random(seed)
    return traffic(
        drawn(random, seconds=60, per_s=95, slow_share=0.01, slow_ms=100.0),
        drawn(random, seconds=60, per_s=5, **{"slow_share": 0.01, "slow_ms": 100.0, **new}),
    )


@pytest.mark.parametrize("seed", range(20))
def test_a_version_that_is_as_fast_is_not_found(seed: int) -> None:
    assert evidence(pair(seed)) < ALARM


@pytest.mark.parametrize("seed", range(5))
def test_a_version_that_is_slower_throughout_is_found(seed: int) -> None:
    assert evidence(pair(seed, latency_ms=150.0)) > ALARM


@pytest.mark.parametrize("seed", range(5))
def test_a_version_with_a_slower_tail_is_found(seed: int) -> None:
    assert evidence(pair(seed, slow_share=0.2, slow_ms=800.0)) > ALARM


@pytest.mark.parametrize("seed", range(5))
def test_what_is_allowed_is_not_found(seed: int) -> None:
    assert evidence(pair(seed, latency_ms=35.0)) < ALARM
    assert evidence(pair(seed, latency_ms=150.0), slack_ms=500.0) < ALARM


def test_what_slows_both_alike_says_nothing_however_the_split_changes() -> None:
    """All takes ten times as long in the second half, in which the canary has half of the traffic, not a twentieth."""
    random = Random(3)
    early = [drawn(random, seconds=30, per_s=per_s) for per_s in (95, 5)]
    late = [drawn(random, seconds=30, per_s=50, latency_ms=200.0) for _ in range(2)]
    joined = [
        answers([
            *zip(first.second, first.failed, first.latency_ms, strict=True),
            *zip(second.second + 30, second.failed, second.latency_ms, strict=True),
        ])
        for first, second in zip(early, late, strict=True)
    ]  # fmt: skip
    assert evidence(traffic(*joined)) < ALARM


def test_one_pause_of_the_new_version_is_one_second_whatever_it_delays() -> None:
    random = Random(4)
    old, new = drawn(random, seconds=60, per_s=95), drawn(random, seconds=60, per_s=50)
    new.latency_ms[new.second == 40] = 900.0
    assert evidence(traffic(old, new)) < ALARM


def test_without_what_the_old_version_did_before_nothing_is_known() -> None:
    random = Random(5)
    both = traffic(drawn(random, seconds=1, per_s=95), drawn(random, seconds=1, per_s=5, latency_ms=500.0))
    assert evidence(both) == pytest.approx(0.0, abs=1e-9)
    assert log_evidence(traffic(answers([]), answers([])), 2.0, 50.0).size == 0
