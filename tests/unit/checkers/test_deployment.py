"""The deployment came to the end that was expected, and left what it should."""

from __future__ import annotations

import pytest

from harness.checkers.deployment import Deployment
from harness.history import Kind
from harness.verdict import Cell, Status, Verdict
from tests.histories.build import Story

GONE_WELL: dict[str, Cell] = {"ok": True, "exit_code": 0, "killed": False}


def deployed(
    outcome: str = "complete",
    *,
    ending: str = "complete",
    fleet: dict[str, Cell] | None = None,
    weights: dict[str, Cell] | None = None,
    removal: dict[str, Cell] | None = None,
) -> Story:
    """From 1.0 to 2.0, two instances: ledger-1 and ledger-2 make way for ledger-3 and ledger-4."""
    right = "2.0" if ending == "complete" else "1.0"
    story = Story(ending=ending, steps=("canary", "finish"), replicas={"ledger": 2})
    story.moment(1, Kind.STEP, "canary").moment(2, Kind.STEP, "finish")
    story.moment(3, Kind.ACTION, "remove ledger-1", removal or GONE_WELL, until_s=4)
    story.moment(5, Kind.WEIGHTS, "weights", weights or {"1.0": 0, "2.0": 0, right: 100})
    story.moment(5, Kind.FLEET, "fleet", fleet or {"ledger-3": right, "ledger-4": right})
    return story.moment(6, Kind.ENDED, "deployment", {"outcome": outcome, "reason": "a reason"})


def check(story: Story) -> Verdict:
    with story.history() as history:
        return Deployment().check(history)


def test_a_complete_deployment_passes() -> None:
    verdict = check(deployed())
    assert verdict.status is Status.PASS, verdict.reason
    assert verdict.figures["took_s"] == 5.0


def test_one_that_was_to_be_rolled_back_and_was_passes() -> None:
    assert check(deployed("rolled back", ending="rollback")).status is Status.PASS


@pytest.mark.parametrize(
    ("story", "says"),
    [
        (deployed("rolled back"), "to end complete, but is rolled back (a reason)"),
        (deployed("stuck"), "to end complete, but is stuck"),
        (deployed("complete", ending="rollback"), "to end rolled back, but is complete"),
        (deployed(fleet={"ledger-3": "2.0", "ledger-2": "1.0"}), "Ledger-2 is of version 1.0, not 2.0"),
        (deployed(fleet={"ledger-3": "2.0"}), "Ledger has 1 instances, not 2"),
        (deployed(weights={"1.0": 10, "2.0": 90}), "not all go to 2.0, but to 1.0 10, 2.0 90"),
        (deployed(removal={"ok": True, "exit_code": 1, "killed": False}), "Ledger-1 ended with exit code 1"),
        (deployed(removal={"ok": True, "exit_code": -9, "killed": True}), "Ledger-1 outlived its grace"),
        (deployed(removal={"ok": True, "exit_code": None, "killed": False}), "Ledger-1 had already crashed"),
    ],
)
def test_what_is_not_as_it_should_be_is_named(story: Story, says: str) -> None:
    verdict = check(story)
    assert verdict.status is Status.FAIL
    assert says in verdict.reason
    assert verdict.first_violation_s is not None


def test_a_step_that_never_began_is_named() -> None:
    story = deployed()
    story.steps = ("expand", "canary", "finish")
    assert "the step 'expand' never began" in check(story).reason.lower()


@pytest.mark.parametrize("target", ["ledger-1", "ledger"])
def test_an_instance_that_a_fault_killed_did_not_crash(target: str) -> None:
    story = deployed(removal={"ok": True, "exit_code": None, "killed": False})
    assert check(story.moment(2, Kind.FAULT, "kill", {"target": target}, until_s=2.5)).status is Status.PASS


def test_a_fault_on_another_instance_excuses_nothing() -> None:
    story = deployed(removal={"ok": True, "exit_code": None, "killed": False})
    assert check(story.moment(2, Kind.FAULT, "kill", {"target": "ledger-2"}, until_s=2.5)).status is Status.FAIL


@pytest.mark.parametrize(("healed_s", "status"), [(3.5, Status.PASS), (2.5, Status.FAIL)])
def test_a_broken_link_excuses_only_while_it_is_broken(healed_s: float, status: Status) -> None:
    story = deployed(removal={"ok": True, "exit_code": 1, "killed": False})
    story.moment(2, Kind.FAULT, "cut", {"target": "ledger -> postgres"}, until_s=healed_s)
    assert check(story).status is status


def test_one_that_did_not_end_is_unknown() -> None:
    story = deployed()
    story.timeline = [moment for moment in story.timeline if moment.kind is not Kind.ENDED]
    assert check(story).status is Status.UNKNOWN


@pytest.mark.parametrize("kind", [Kind.FLEET, Kind.WEIGHTS])
def test_an_end_that_nothing_tells_of_is_unknown(kind: Kind) -> None:
    story = deployed()
    story.timeline = [moment for moment in story.timeline if moment.kind is not kind]
    assert check(story).status is Status.UNKNOWN
