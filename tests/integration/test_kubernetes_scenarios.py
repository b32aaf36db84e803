"""Kubernetes deploys, by manifests of the environment's own: what is right passes, and each pitfall is found.

`make nightly DRIVERS=kubernetes` runs all of it; here is what tells most.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from harness.history import History, Kind
from harness.pytest_plugin import Harness
from harness.runner import RunResult
from harness.verdict import Status
from tests.integration.pitfalls import IN_CI, NATIVE_FOLDER, PITFALLS_FOLDER, Expectation

pytestmark = [pytest.mark.kind, pytest.mark.timeout(600)]

SETTLED_S = 3.0
"""By then most connections are newer than the pods, and kube-proxy had all of these to choose from."""
SHARE_ERROR_MAX = 0.15
"""It chooses by chance."""


def passed(harness: Harness, file: Path) -> History:
    """What was recorded of a run that must pass."""
    result = harness.run(file)
    assert result.passed, others(result)
    return History.load(result.folder / "history")


def others(result: RunResult) -> list[str]:
    return [f"{each.checker}: {each.reason}" for each in result.verdicts if each.status is not Status.PASS]


def actions(history: History) -> list[str]:
    return [moment.name for moment in history.moments(Kind.ACTION)]


def served(history: History) -> list[dict[str, object]]:
    """By how many instances each version was, as it changed."""
    return [dict(moment.detail) for moment in history.moments(Kind.WEIGHTS)]


@pytest.mark.parametrize("expected", IN_CI, ids=lambda each: each.name)
def test_a_pitfall_is_found_and_what_is_right_passes(harness: Harness, expected: Expectation) -> None:
    result = harness.run(expected.file)
    assert expected.finders(result.verdicts) if expected.found_by else result.passed, others(result)


def test_a_canary_by_replicas_gets_the_share_that_was_recorded(harness: Harness) -> None:
    with passed(harness, NATIVE_FOLDER / "kubernetes-canary.toml") as history:
        old, new = history.facts.old, history.facts.new
        assert {old: 3, new: 1} in served(history)
        assert served(history)[-1] == {new: 3}
        first, then = next(
            (one, other)
            for one, other in pairwise(history.moments(Kind.WEIGHTS))
            if dict(one.detail) == {old: 3, new: 1}
        )
        share = share_of_requests(history, new, first.at_ns + round(SETTLED_S * 1e9), then.at_ns)
        assert abs(share - 0.25) < SHARE_ERROR_MAX


def share_of_requests(history: History, version: str, from_ns: int, until_ns: int) -> float:
    [(share,)] = history.query(
        "SELECT avg((version = $version)::INT) FROM requests"
        " WHERE version IS NOT NULL AND sent_ns BETWEEN $from_ns AND $until_ns",
        {"version": version, "from_ns": from_ns, "until_ns": until_ns},
    )
    return float(share)


def test_a_bad_version_is_undone_to_what_was_there_before(harness: Harness) -> None:
    with passed(harness, NATIVE_FOLDER / "kubernetes-bad-version-undone.toml") as history:
        assert [name for name in actions(history) if name.startswith("undo")] == [
            "undo rollout of ledger",
            "undo rollout of projector",
        ]
        assert {"2.0+errors-3-percent": 3} in served(history)
        assert served(history)[-1] == {"1.1": 3}
        assert set(history.moments(Kind.FLEET)[-1].detail.values()) == {"1.1"}


def test_a_version_that_misses_its_deadline_is_undone_before_anybody_meets_it(harness: Harness) -> None:
    with passed(harness, NATIVE_FOLDER / "kubernetes-deadline.toml") as history:
        [setback] = history.moments(Kind.SETBACK)
        assert "timed out progressing" in str(setback.detail["reason"])
        assert served(history)[-1] == {"1.0": 3}
        assert all(set(versions) == {"1.0"} for versions in served(history))
        [(met,)] = history.query("SELECT count(*) FROM requests WHERE version LIKE '1.1%'")
        assert met == 0


def test_a_tool_of_the_user_s_is_watched_to_its_end(harness: Harness) -> None:
    with passed(harness, PITFALLS_FOLDER / "selector-switch.toml") as history:
        assert [name for name in actions(history) if name.startswith("run ")]
        assert served(history)[0] == {"1.0": 3}
        assert served(history)[-1] == {"1.1": 3}
