"""Each checker gets its verdict, also one that crashes; and checkers can be written down and made again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from harness.checkers import default_checkers
from harness.checkers.availability import Availability
from harness.checkers.faults import Faults
from harness.checkers.latency import Latency
from harness.checkers.monotonic_reads import MonotonicReads
from harness.environment import Environment
from harness.errors import InvalidInput
from harness.history import History, Kind, Moment
from harness.judge import build, describe, judge
from harness.protocols import Checker
from harness.scenario import Slo
from harness.verdict import Status, Verdict
from tests.histories.build import Story


@dataclass(frozen=True)
class Crashes:
    name: ClassVar[str] = "crashes"

    def check(self, history: History) -> Verdict:
        raise ZeroDivisionError("by nothing")


@dataclass(frozen=True)
class Interrupted:
    name: ClassVar[str] = "interrupted"

    def check(self, history: History) -> Verdict:
        raise KeyboardInterrupt


def test_a_checker_that_crashes_proves_nothing_and_hinders_no_other() -> None:
    with Story().history() as history:
        crashed, passed = judge(history, [Crashes(), Faults()])
    assert crashed.status is Status.UNKNOWN
    assert crashed.checker == "crashes"
    assert "ZeroDivisionError: by nothing" in crashed.reason
    assert passed.status is Status.PASS


def test_a_run_that_was_cut_short_is_unknown_however_good_the_rest_is() -> None:
    story = Story(timeline=[Moment(1_000_000_000, Kind.CUT, "KeyboardInterrupt")])
    with story.history() as history:
        cut, rest = judge(history, [Faults()])
    assert (cut.checker, cut.status) == ("run", Status.UNKNOWN)
    assert "KeyboardInterrupt" in cut.reason
    assert rest.status is Status.PASS


def test_an_interrupt_is_no_crash() -> None:
    with Story().history() as history, pytest.raises(KeyboardInterrupt):
        judge(history, [Interrupted()])


@pytest.mark.parametrize(
    "checker",
    [
        Availability(error_rate_max=0.02, outage_s_max=1.5),
        Latency(exclude=("statement", "report")),
        MonotonicReads(operations=("balance",)),
        *default_checkers(Environment("bare", Path(), (), (), ()), Slo(outage_s_max=2.0)),
    ],
)
def test_a_checker_that_was_written_down_can_be_made_again(checker: Checker) -> None:
    kind, options = describe(checker)
    assert kind == checker.name
    assert build(kind, json.loads(json.dumps(options))) == checker


@pytest.mark.parametrize(
    ("kind", "options", "says"),
    [
        ("availabilty", {}, "no checker 'availabilty'"),
        ("availability", {"error_rate": 0.1}, "has no option 'error_rate'"),
        ("availability", {"error_rate_max": "low"}, "cannot be made from its options"),
        ("availability", {"error_rate_max": 3.0}, "error_rate_max must be from 0 to 1"),
    ],
)
def test_what_cannot_be_made_again_is_refused(kind: str, options: dict[str, object], says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        build(kind, options)
