from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.outcomes import Outcome
from harness.lanes.gates import Tally, judge
from harness.protocols import Gate

GATE = Gate(error_rate_max=0.05, p99_ms_max=100.0, requests_min=20)


@pytest.mark.parametrize(
    ("tally", "passes"),
    [
        (Tally(20, 1, 100.0), True),
        (Tally(20, 2, 10.0), False),
        (Tally(20, 0, 100.1), False),
        (Tally(19, 0, 10.0), False),
        (Tally(0, 0, None), False),
        (Tally(20, 0, None), False),
    ],
)
def test_a_gate_passes_at_its_limits_and_not_past_them(tally: Tally, passes: bool) -> None:
    assert judge(GATE, tally, "2.0").passed is passes


@pytest.mark.parametrize(
    ("tally", "outcome"),
    [
        (Tally(20, 1, 100.0), Outcome.PASS),
        (Tally(20, 2, 10.0), Outcome.FAIL),
        (Tally(20, 0, 100.1), Outcome.FAIL),
        (Tally(19, 0, 10.0), Outcome.INCONCLUSIVE),
        (Tally(0, 0, None), Outcome.NO_DATA),
        (Tally(20, 0, None), Outcome.NO_DATA),
    ],
)
def test_what_was_not_measured_is_not_what_failed(tally: Tally, outcome: Outcome) -> None:
    judgement = judge(GATE, tally, "2.0")
    assert judgement.outcome is outcome
    assert judgement.detail()["outcome"] == outcome.value


@given(st.integers(0, 50), st.integers(1, 50))
def test_a_gate_never_passes_without_the_requests_it_needs(requests: int, needed: int) -> None:
    judgement = judge(Gate(1.0, 1e9, needed), Tally(requests, 0, 1.0 if requests else None), "2.0")
    assert judgement.passed == (requests >= needed)
