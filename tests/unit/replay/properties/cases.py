"""Outcomes, for the tests of properties."""

from __future__ import annotations

from harness.replay.outcome import Failure, Outcome
from harness.replay.wire import Newer

FAILURE = Failure("a", 7, "paid", 2, '{"amount":{}}', "TypeError: no amount")
NEWER = Newer("a", 7, "paid", 2, 1)


def outcome(state: str | None = '{"balance":5}', *, unit: str = "a", **others: object) -> Outcome:
    given = {"events": 3, "unstated": "" if state is not None else "it is not to be had", **others}
    return Outcome(unit=unit, state=None if state is None else state.encode(), **given)  # type: ignore[arg-type]


def failed(unit: str = "a") -> Outcome:
    return outcome(unit=unit, failures=(FAILURE,), failures_total=1)
