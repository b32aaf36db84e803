"""The replay lane on the ledger: what it finds, how soon, and what it stops.

That it finds nothing in what is healthy, the scenarios that ship show: schema-expand and schema-contract-with-kill.
"""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from harness.history import History, Kind
from harness.pytest_plugin import Harness
from harness.runner import RunResult
from harness.scenario import Replay
from harness.verdict import Status, Verdict
from tests.integration.matrix import CASES, ROOT, scenario

pytestmark = pytest.mark.servers

WRONG_ORDER = ROOT / "scenarios" / "wrong-order"


def by_name(result: RunResult) -> dict[str, Verdict]:
    return {verdict.checker: verdict for verdict in result.verdicts}


def found(result: RunResult) -> tuple[Verdict, dict[str, object]]:
    """The verdict of the lane, and the first record of its evidence."""
    verdict = by_name(result)["replay"]
    assert verdict.status is Status.FAIL, verdict.reason
    (evidence,) = verdict.evidence
    return verdict, dict(zip(evidence.columns, evidence.records[0], strict=True))


def first_failure_s(result: RunResult) -> float:
    """When a request of users failed for the first time; the end of time if none did."""
    with History.load(result.folder / "history") as history:
        [(done_ns,)] = history.query("SELECT min(done_ns) FROM requests WHERE error NOT IN ('refused')")
    return float("inf") if done_ns is None else float(done_ns) / 1e9


def steps(result: RunResult) -> list[str]:
    with History.load(result.folder / "history") as history:
        return [moment.name for moment in history.moments(Kind.STEP)]


def ending(result: RunResult) -> tuple[object, str]:
    with History.load(result.folder / "history") as history:
        (ended,) = history.moments(Kind.ENDED)
    return ended.detail["outcome"], str(ended.detail["reason"])


def test_a_version_that_cannot_read_history_is_found_before_the_deployment_begins(harness: Harness) -> None:
    """The defect no-upcaster, and before any request failed of it."""
    result = harness.run(WRONG_ORDER / "history-forgotten.toml")
    verdict, record = found(result)
    assert record["step"] == "before the first step"
    assert (record["reader"], record["up"], record["written_by"]) == ("ledger 2.0+no-upcaster", False, "1.1")
    assert (record["position"], record["written_as"]) == (1, 1)
    assert "currency" in str(record["error"])
    assert verdict.first_violation_s is not None
    assert verdict.first_violation_s < first_failure_s(result)


def test_a_writer_before_its_readers_is_found_in_the_mixed_window(harness: Harness) -> None:
    """Contract before expand: as soon as the first instance of 3.0 has written."""
    result = harness.run(WRONG_ORDER / "contract-before-expand.toml")
    verdict, record = found(result)
    assert record["step"] == "rolling 1/3"
    assert record["reader"] in ("ledger 2.0", "projector 2.0")
    assert (record["written_as"], record["written_by"], record["source"]) == (3, "3.0", "live")
    assert "amount" in str(record["error"])
    assert "(rolling 1/3)" in verdict.reason


def test_a_rollback_does_not_start_to_a_version_that_cannot_read_what_was_written(harness: Harness) -> None:
    """The defect unreadable-after-rollback: the way back is closed before anybody goes it."""
    result = harness.run(WRONG_ORDER / "rollback-after-contract.toml")
    verdict, record = found(result)
    assert record["reader"] in ("ledger 1.1", "projector 1.1")
    assert record["written_as"] == 3
    outcome, reason = ending(result)
    assert outcome == "stuck"
    assert re.match(r"no rollback was started, as (ledger|projector) 1\.1 does not read ledger\.", reason)
    assert "(stream " in reason
    assert "rollback" not in steps(result)
    with History.load(result.folder / "history") as history:
        (setback,) = history.moments(Kind.SETBACK)
    assert verdict.first_violation_s is not None
    assert verdict.first_violation_s * 1e9 < setback.at_ns, "it was known before anybody asked"
    assert by_name(result)["rollback"].status is Status.FAIL


def test_an_event_that_the_relay_passes_over_is_found_while_load_flows(harness: Harness) -> None:
    """The defect skips-late-commit, which else only shows once all is quiet."""
    case = next(case for case in CASES if case.variant == "skips-late-commit")
    result = harness.run(replace(scenario(case, "recreate"), replay=Replay(), settle_s=4.0))
    verdict, record = found(result)
    assert record["reader"] == "published"
    assert "was passed over" in str(record["error"])
    assert verdict.first_violation_s is not None
    with History.load(result.folder / "history") as history:
        assert verdict.first_violation_s * 1e9 < history.facts.load_ends_ns
        passed_over = (record["stream"], record["position"])
        assert history.query("SELECT * FROM consumed WHERE (stream, position) = (?, ?)", list(passed_over)) == []
