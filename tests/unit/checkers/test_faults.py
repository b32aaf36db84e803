"""Faults that were asked for took hold and healed."""

from __future__ import annotations

import pytest

from harness.checkers.faults import Faults
from harness.history import Kind
from harness.verdict import Cell, Status
from tests.histories.build import Story

PROVED: dict[str, Cell] = {"target": "ledger-1", "bit": True, "bit_by": "no pid", "healed": True, "healed_by": "ready"}


def test_a_run_without_faults_passes_and_says_so() -> None:
    with Story().history() as history:
        verdict = Faults().check(history)
    assert verdict.status is Status.PASS
    assert verdict.reason == "No fault was asked for."


def test_a_fault_that_bit_and_healed_passes() -> None:
    with Story(faults=("kill",)).moment(1, Kind.FAULT, "kill", PROVED, until_s=2).history() as history:
        assert Faults().check(history).status is Status.PASS


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({**PROVED, "bit": False, "bit_by": "0 bytes were held"}, "not seen to take hold (0 bytes were held)"),
        ({**PROVED, "healed": False, "healed_by": "no answer"}, "not seen to heal (no answer)"),
        ({"target": "ledger-1"}, "nobody looked"),
    ],
)
def test_one_without_proof_is_unknown(told: dict[str, Cell], says: str) -> None:
    story = Story(faults=("kill",)).moment(1, Kind.FAULT, "kill", PROVED).moment(2, Kind.FAULT, "kill", told)
    with story.history() as history:
        verdict = Faults().check(history)
    assert verdict.status is Status.UNKNOWN
    assert says in verdict.reason


def test_one_that_never_came_is_unknown_and_named() -> None:
    story = Story(faults=("kill", "blip")).moment(1, Kind.FAULT, "kill", PROVED)
    with story.history() as history:
        verdict = Faults().check(history)
    assert verdict.status is Status.UNKNOWN
    assert "'blip' was never injected" in verdict.reason
