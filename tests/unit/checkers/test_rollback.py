"""The way back works."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.checkers.rollback import Rollback
from harness.history import Kind
from harness.verdict import Cell, Status, Verdict
from tests.histories.build import Story


def rolled_back(*, unwell_until_s: float = 5.0, lasts_s: float = 10.0, reads: bool = True) -> Story:
    """2.0 comes at 2 s and fails every second request; at 4 s its gate says so; at 5 s 1.0 has all traffic again."""
    story = Story(ending="rollback", lasts_s=lasts_s)
    story.moment(4.0, Kind.GATE, "gate 2.0", {"version": "2.0", "passed": False, "requests": 100})
    story.moment(4.1, Kind.SETBACK, "setback", {"reason": "2.0 failed half of its requests"})
    story.moment(5.0, Kind.ENDED, "deployment", {"outcome": "rolled back", "reason": "2.0 failed"})
    for number in range(round(lasts_s * 50)):
        at_s = number / 50
        if 2 <= at_s < unwell_until_s and number % 2:
            story.failure(at_s, version="2.0")
        elif 2 <= at_s < 5:
            story.request(at_s, "transfer", version="2.0", key=number, stream=number % 5)
        else:
            story.request(at_s, version="1.0", stream=number % 5 if reads else 77)
    return story


def check(story: Story, checker: Rollback | None = None) -> Verdict:
    with story.history() as history:
        return (checker or Rollback()).check(history)


def test_a_rollback_in_time_passes_and_tells_its_clock() -> None:
    verdict = check(rolled_back())
    assert verdict.status is Status.PASS, verdict.reason
    assert verdict.figures == {
        "first_bad_s": 2.03,
        "detected_s": 4.0,
        "decided_s": 4.1,
        "last_bad_s": 4.99,
        "slo_met_s": 5.1,
        "ended_s": 5.0,
        "took_s": 3.07,
        "streams_verified": 5,
        "streams_unreadable": 0,
    }


def test_one_that_takes_too_long_fails() -> None:
    verdict = check(rolled_back(), Rollback(rollback_s_max=3.0))
    assert verdict.status is Status.FAIL
    assert "took 3.1 s, more than 3 s" in verdict.reason


def test_one_after_which_the_service_level_is_not_met_fails() -> None:
    verdict = check(rolled_back(unwell_until_s=10.0))
    assert verdict.status is Status.FAIL
    assert "not met again in the 5.9 s" in verdict.reason


def test_one_that_nobody_watched_afterwards_is_unknown() -> None:
    assert check(rolled_back(lasts_s=4.9)).status is Status.UNKNOWN


def test_streams_that_only_the_new_version_can_read_are_found() -> None:
    story = rolled_back()
    for number in range(20):
        story.failure(6 + number / 10, "account", version="1.0", stream=3)
    verdict = check(story)
    assert verdict.status is Status.FAIL
    assert "1.0 does not serve streams that 2.0 wrote: 1" in verdict.reason
    assert verdict.evidence[0].records[0][:4] == (6.0, "account", 3, 20)


def test_a_single_failure_on_a_stream_that_can_be_read_is_none() -> None:
    assert check(rolled_back().failure(7.0, version="1.0", stream=3)).status is Status.PASS


def test_if_nobody_asked_for_what_the_new_version_wrote_it_is_unknown() -> None:
    verdict = check(rolled_back(reads=False))
    assert verdict.status is Status.UNKNOWN
    assert "Nobody asked" in verdict.reason


def test_a_new_version_that_never_got_ready_is_rolled_back_from_its_setback() -> None:
    story = Story(ending="rollback")
    story.moment(3.0, Kind.ACTION, "await ledger-4 ready", {"ok": False, "error": "not ready"}, until_s=4.0)
    story.moment(4.0, Kind.SETBACK, "setback", {"reason": "not ready"})
    story.moment(4.5, Kind.ENDED, "deployment", {"outcome": "rolled back"})
    for number in range(500):
        story.request(number / 50)
    verdict = check(story)
    assert verdict.status is Status.PASS
    assert verdict.figures["first_bad_s"] is None
    assert verdict.figures["took_s"] == 0.5


def test_one_that_was_expected_and_did_not_happen_fails() -> None:
    story = Story(ending="rollback").moment(5.0, Kind.ENDED, "deployment", {"outcome": "complete"})
    assert check(story).status is Status.FAIL


def test_a_complete_deployment_has_nothing_to_roll_back() -> None:
    verdict = check(Story().moment(5.0, Kind.ENDED, "deployment", {"outcome": "complete"}))
    assert verdict.status is Status.PASS
    assert verdict.reason == "There was nothing to roll back."


def test_a_way_back_that_got_stuck_fails() -> None:
    story = rolled_back()
    story.timeline = [moment for moment in story.timeline if moment.kind is not Kind.ENDED]
    story.moment(5.0, Kind.ENDED, "deployment", {"outcome": "stuck", "reason": "the router is gone"})
    verdict = check(story)
    assert verdict.status is Status.FAIL
    assert "the router is gone" in verdict.reason


def test_a_gate_that_passed_without_a_request_to_judge_by_leaves_it_unknown() -> None:
    story = Story().moment(3.0, Kind.GATE, "gate 2.0", {"version": "2.0", "passed": True, "requests": 0})
    assert check(story.moment(5.0, Kind.ENDED, "deployment", {"outcome": "complete"})).status is Status.UNKNOWN


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        ("fail", Status.PASS),
        ("inconclusive", Status.UNKNOWN),
        ("no data", Status.UNKNOWN),
        ("error", Status.UNKNOWN),
    ],
)
def test_an_expected_rollback_for_want_of_proof_proves_nothing(outcome: str, status: Status) -> None:
    story = rolled_back()
    detail: dict[str, Cell] = {"passed": False, "requests": 100, "outcome": outcome, "reason": "it was so"}
    story.timeline[0] = replace(story.timeline[0], detail=detail)
    verdict = check(story)
    assert verdict.status is status
    if status is Status.UNKNOWN:
        assert verdict.reason.endswith(f"not because it was found bad ({outcome}): it was so.")


def test_a_deployment_that_did_not_end_is_unknown() -> None:
    assert check(Story()).status is Status.UNKNOWN


def test_what_lasts_on_purpose_neither_breaks_the_service_level_nor_counts_as_a_bad_answer() -> None:
    story = rolled_back()
    before = check(story).figures
    story.lasting = ("statement",)
    for second in range(10):
        story.request(second + 0.5, "statement", took_s=2.0, version="2.0" if 2 <= second < 5 else "1.0")
    assert check(story).figures == before
    story.lasting = ()
    assert check(story).status is Status.FAIL
