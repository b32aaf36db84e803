from __future__ import annotations

import numpy as np

from harness.load.lag import own_lag_ns
from harness.load.records import REQUEST


def requests(*times: tuple[int, int, int, int]) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    """(session, scheduled, sent, done) of each."""
    made = np.zeros(len(times), REQUEST)
    for column, values in zip(("session", "scheduled_ns", "sent_ns", "done_ns"), zip(*times, strict=True), strict=True):
        made[column] = values
    return made


def test_a_request_that_is_sent_late_by_an_idle_user_is_our_lag() -> None:
    assert own_lag_ns(requests((0, 100, 130, 200))).tolist() == [30]


def test_waiting_for_the_answer_before_is_the_systems_lag() -> None:
    assert own_lag_ns(requests((0, 100, 100, 900), (0, 200, 905, 950))).tolist() == [0, 5]


def test_sessions_do_not_wait_for_each_other() -> None:
    assert own_lag_ns(requests((0, 100, 100, 900), (1, 200, 905, 950))).tolist() == [0, 705]


def test_what_was_never_sent_has_none() -> None:
    assert own_lag_ns(requests((0, 100, 0, 900), (0, 1000, 1001, 1100))).tolist() == [1]
