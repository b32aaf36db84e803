"""Histories of real runs, judged again: what was proved then is proved now, and what was not is not.

A checker that changes its mind about one of these has to be right about it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.recheck import check_again
from harness.verdict import Status

RECORDED = Path(__file__).parents[1] / "histories" / "recorded"


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("good", Status.PASS),  # a canary, with a stable instance killed on the way
        ("bad", Status.FAIL),  # the new version acknowledges writes before it commits them, and is killed
        ("vacuous", Status.UNKNOWN),  # the load did not flow
    ],
)
def test_a_recorded_run_is_judged_as_it_was(name: str, status: Status) -> None:
    again = check_again(RECORDED / name)
    assert again.status is status
    assert again.differences == ()


def test_what_was_acknowledged_and_lost_is_named() -> None:
    verdicts = {verdict.checker: verdict for verdict in check_again(RECORDED / "bad").judged.verdicts()}
    failed = [name for name, verdict in verdicts.items() if verdict.status is Status.FAIL]
    assert failed == ["lost-events"]
    assert [each.title for each in verdicts["lost-events"].evidence if each.total] == [
        "Acknowledged writes of which store has no event",
        "Acknowledged writes of which consumed has no event",
    ]
