"""Five outcomes, kept apart; and only what was measured passes."""

from __future__ import annotations

import pytest

from harness.analysis.outcomes import Course, Finding, Outcome, worst

PASS = Finding(Outcome.PASS, "held")
FAIL = Finding(Outcome.FAIL, "worse")
ERROR = Finding(Outcome.ERROR, "no answer")
NO_DATA = Finding(Outcome.NO_DATA, "nobody asked")
INCONCLUSIVE = Finding(Outcome.INCONCLUSIVE, "too little")


def course(*findings: Finding) -> Course:
    course = Course()
    for finding in findings:
        course.take(finding)
    return course


def test_a_gate_that_was_never_evaluated_does_not_pass() -> None:
    assert course().finding.outcome is Outcome.NO_DATA
    assert worst([]).outcome is Outcome.NO_DATA


@pytest.mark.parametrize(
    ("measured", "outcome"),
    [
        ((PASS,), Outcome.PASS),
        ((PASS, NO_DATA), Outcome.NO_DATA),
        ((NO_DATA, PASS), Outcome.PASS),
        ((PASS, INCONCLUSIVE), Outcome.INCONCLUSIVE),
        ((PASS, ERROR), Outcome.PASS),
        ((ERROR,), Outcome.NO_DATA),
        ((FAIL,), Outcome.FAIL),
    ],
)
def test_the_last_word_is_that_of_the_last_measurement_that_was_one(
    measured: tuple[Finding, ...], outcome: Outcome
) -> None:
    assert course(*measured).finding.outcome is outcome


def test_a_failure_decides_at_once() -> None:
    assert course(PASS, FAIL).decided
    assert course(FAIL, *[ERROR] * 5).finding is FAIL


def test_the_measuring_side_may_fail_four_times_in_a_row_but_not_five() -> None:
    four = course(PASS, *[ERROR] * 4)
    assert not four.decided
    assert four.erring
    assert four.finding is PASS
    five = course(PASS, *[ERROR] * 5)
    assert five.decided
    assert five.finding.outcome is Outcome.ERROR
    assert five.finding.reason == "5 measurements in a row failed, the last by no answer"


def test_errors_count_only_in_a_row() -> None:
    assert not course(*[ERROR] * 4, PASS, *[ERROR] * 4).decided
    assert not course(*[ERROR] * 4, PASS).erring


def test_of_several_the_worst_prevails() -> None:
    assert worst([PASS, INCONCLUSIVE]) is INCONCLUSIVE
    assert worst([NO_DATA, INCONCLUSIVE]) is NO_DATA
    assert worst([NO_DATA, ERROR]) is ERROR
    assert worst([ERROR, FAIL, PASS]) is FAIL
