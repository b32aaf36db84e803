"""What holds of every checker: a good run passes, a run without anything in it proves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.checkers import default_checkers
from harness.checkers.canary_analysis import CanaryAnalysis
from harness.checkers.disruption import Disruption
from harness.checkers.service_levels import ServiceLevels
from harness.environment import Consumer, Environment, Events, Operation, Projection
from harness.history import History
from harness.judge import judge
from harness.protocols import Checker
from harness.scenario import Slo
from harness.verdict import EVIDENCE_RECORDS_MAX, Status
from tests.histories.build import Story
from tests.histories.runs import good_run, vacuous_run

LEDGER = Environment(
    name="ledger",
    folder=Path(),
    stores=(),
    services=(),
    versions=(),
    operations=(
        Operation("open", writes=True),
        Operation("transfer", writes=True, conserves=True),
        Operation("balance", writes=False),
    ),
    events=Events("postgres", "", ""),
    consumer=Consumer("nats", "LEDGER", ("ledger.>",)),
    projection=Projection("postgres", "", ""),
)
CHECKERS = default_checkers(LEDGER, Slo())


@pytest.fixture(scope="module")
def good() -> Iterator[History]:
    with good_run().history() as history:
        yield history


@pytest.fixture(scope="module")
def vacuous() -> Iterator[History]:
    with vacuous_run().history() as history:
        yield history


@pytest.fixture(scope="module")
def spoilt() -> Iterator[History]:
    story = good_run()
    story.store, story.consumed, story.projection = [], [], []
    with story.history() as history:
        yield history


def by_name(checker: Checker) -> str:
    return checker.name


def test_the_default_checkers_are_those_that_apply() -> None:
    assert {checker.name for checker in CHECKERS} == {
        "load", "faults", "recovery", "deployment", "rollback", "availability", "latency", "lost-events", "duplicates",
        "phantoms", "gaps", "order", "money", "projection", "projection-lag", "monotonic-reads",
    }  # fmt: skip
    bare = Environment(name="bare", folder=Path(), stores=(), services=(), versions=())
    assert {checker.name for checker in default_checkers(bare, Slo())} == {
        "load", "faults", "recovery", "deployment", "rollback", "availability", "latency",
    }  # fmt: skip


@pytest.mark.parametrize("turned", [False, True])
def test_they_judge_one_history_together_as_each_by_itself(turned: bool) -> None:
    """They share its tables; the verdict of one may not depend on who was there before."""
    asked_for = (CanaryAnalysis(), ServiceLevels(), Disruption(rate_per_s_min=1.0))
    checkers = (*CHECKERS, *asked_for)[:: -1 if turned else 1]
    with good_run().history() as history:
        together = judge(history, checkers)
    for checker, verdict in zip(checkers, together, strict=True):
        with good_run().history() as history:
            assert verdict == checker.check(history)


@pytest.mark.parametrize("checker", CHECKERS, ids=by_name)
def test_a_good_run_passes(checker: Checker, good: History) -> None:
    verdict = checker.check(good)
    assert verdict.status is Status.PASS, verdict.reason
    assert verdict.checker == checker.name
    assert verdict.first_violation_s is None


@pytest.mark.parametrize("checker", CHECKERS, ids=by_name)
def test_a_run_with_nothing_in_it_proves_nothing(checker: Checker, vacuous: History) -> None:
    assert checker.check(vacuous).status is Status.UNKNOWN


@pytest.mark.parametrize("checker", CHECKERS, ids=by_name)
def test_a_run_of_which_nothing_was_recorded_proves_nothing(checker: Checker) -> None:
    with Story(faults=("kill",)).without("requests", "store", "consumed", "projection").history() as history:
        assert checker.check(history).status is Status.UNKNOWN


@pytest.mark.parametrize("checker", CHECKERS, ids=by_name)
def test_a_reason_is_a_sentence_and_evidence_is_short(
    checker: Checker, good: History, vacuous: History, spoilt: History
) -> None:
    for history in (good, vacuous, spoilt):
        verdict = checker.check(history)
        assert verdict.reason.endswith(".")
        assert verdict.reason[0].isupper() or verdict.reason[0].isdigit()
        for evidence in verdict.evidence:
            assert 0 < len(evidence.records) <= min(EVIDENCE_RECORDS_MAX, evidence.total)
            assert all(len(record) == len(evidence.columns) for record in evidence.records)


@pytest.mark.parametrize("checker", CHECKERS, ids=by_name)
def test_judging_twice_says_the_same(checker: Checker, good: History) -> None:
    assert checker.check(good) == checker.check(good)
