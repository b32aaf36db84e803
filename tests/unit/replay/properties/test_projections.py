"""Properties of projections: each has something that it must find, something that it must pass, and is unknown."""

from __future__ import annotations

import pytest

from harness.replay.properties import Property
from harness.replay.properties.caught_up import CaughtUp, Claim
from harness.replay.properties.exactly_once import Applied, Deliveries, ExactlyOnce
from harness.replay.properties.late_commits import Commit, LateCommits, Reading
from harness.replay.properties.projections import Built, Projections
from harness.verdict import Status

PASS, UNKNOWN, FAIL = Status.PASS, Status.UNKNOWN, Status.FAIL
EVENTS = (("a", 1), ("a", 2), ("b", 1))
EFFECTS = tuple(Applied("one", stream, position) for stream, position in EVENTS)
IN_ORDER = tuple(Commit(position, position) for position in (1, 2, 3))
LATE = (Commit(1, 1), Commit(3, 2), Commit(2, 3))


def reading(commits: tuple[Commit, ...], *taken: int, checkpoint: int = 3, calm: bool = True) -> Reading:
    return Reading("relay", commits, frozenset(taken), checkpoint, calm)


@pytest.mark.parametrize(
    ("property_", "case", "expected"),
    [
        (Projections(), Built("live", b'{"a":5}', b'{"a": 5}'), PASS),
        (Projections(), Built("batches of 7", b'{"a":5}', b'{"a":10}'), FAIL),
        (Projections(), Built("live", b'{"a":5}', b"{}"), FAIL),
        (Projections(), Built("live", b'{"a":5}', None), UNKNOWN),
        (Projections(), Built("live", None, b"{}"), UNKNOWN),
        (ExactlyOnce(), Deliveries("duplicates", EVENTS, EFFECTS), PASS),
        (ExactlyOnce(), Deliveries("duplicates", EVENTS, (*EFFECTS, EFFECTS[1])), FAIL),
        (ExactlyOnce(), Deliveries("two at once", EVENTS, (*EFFECTS, Applied("two", "a", 2))), FAIL),
        (ExactlyOnce(), Deliveries("restart", EVENTS, EFFECTS[1:]), FAIL),
        (ExactlyOnce(), Deliveries("restart", EVENTS, (*EFFECTS, Applied("one", "c", 1))), FAIL),
        (ExactlyOnce(), Deliveries("restart", (), ()), UNKNOWN),
        (LateCommits(), reading(LATE, 1, 2, 3), PASS),
        (LateCommits(), reading(LATE, 1, 3), FAIL),
        (LateCommits(), reading(LATE, 1, checkpoint=1), FAIL),
        (LateCommits(), reading(LATE, 1, checkpoint=1, calm=False), UNKNOWN),
        (LateCommits(), reading(LATE, 1, 3, calm=False), FAIL),
        (LateCommits(), reading(IN_ORDER, 1, 2, 3), UNKNOWN),
        (LateCommits(), reading(()), UNKNOWN),
        (CaughtUp(), Claim("balances", True, {"a": 3, "b": 5}, {"a": 3, "b": 5}), PASS),
        (CaughtUp(), Claim("balances", True, {"a": 3, "b": 5}, {"a": 3}), FAIL),
        (CaughtUp(), Claim("balances", True, {"a": 3, "b": 5}, {"a": 3, "b": 4}), FAIL),
        (CaughtUp(), Claim("balances", False, {"a": 3, "b": 5}, {"a": 3}), PASS),
        (CaughtUp(), Claim("balances", False, {"a": 3}, {"a": 3}, calm=True), FAIL),
        (CaughtUp(), Claim("balances", False, {"a": 3}, {"a": 3}), PASS),
        (CaughtUp(), Claim("balances", True, {}, {}), UNKNOWN),
    ],
)
def test_a_case_is_judged(property_: Property[object], case: object, expected: Status) -> None:
    verdict = property_.check([case])
    assert verdict.status is expected, verdict
    for evidence in verdict.evidence:
        assert all(len(record) == len(evidence.columns) for record in evidence.records)


@pytest.mark.parametrize("property_", [Projections(), ExactlyOnce(), LateCommits(), CaughtUp()])
def test_without_cases_it_is_unknown(property_: Property[object]) -> None:
    assert property_.check([]).status is UNKNOWN


def test_evidence_names_the_event_and_who_applied_it() -> None:
    verdict = ExactlyOnce().check([Deliveries("two at once", EVENTS, (*EFFECTS, Applied("two", "a", 2)))])
    assert verdict.evidence[0].records == (("two at once", "a", 2, 2, "one, two"),)


def test_evidence_names_the_shard_without_a_checkpoint() -> None:
    verdict = CaughtUp().check([Claim("balances", True, {"a": 3, "b": 5}, {"a": 3})])
    assert verdict.evidence[0].records == (("balances", "b", 5, None, "said to be caught up; has no checkpoint"),)
