from __future__ import annotations

import numpy as np
import pytest

from harness.service_levels.burn_rate import ALERTS, Firing, watch
from harness.service_levels.objective import Events, Objective, budget


def events(bad_in: range = range(0), *, share: float = 1.0, seconds: int = 720, per_s: int = 100) -> Events:
    """A second a bucket; in the seconds `bad_in` so large a share is bad."""
    total = np.full(seconds, per_s, np.int64)
    bad = np.zeros(seconds, np.int64)
    bad[bad_in.start : bad_in.stop] = round(share * per_s)
    return Events(1.0, total - bad, total)


def fired(found: Events, target: float = 0.99) -> dict[float, float | None]:
    return {firing.alert.factor: firing.first_s for firing in watch(found, target, events_min=20)}


def test_the_windows_are_those_of_the_workbook_in_proportion() -> None:
    hours = [72 * alert.long_share for alert in ALERTS]
    assert hours == pytest.approx([1, 6, 24, 72])
    assert [60 * hour / 12 for hour in hours] == pytest.approx([60 * 72 * alert.short_share for alert in ALERTS])
    assert [alert.factor for alert in ALERTS] == [14.4, 6.0, 3.0, 1.0]


def test_a_good_run_fires_nothing() -> None:
    assert set(fired(events()).values()) == {None}


def test_an_outage_fires_the_fastest_alert_first() -> None:
    found = fired(events(range(100, 130)))
    assert found[14.4] == 102.0  # a window of 10 s: 14.4 % of it is bad after 1.44 s
    assert found[6.0] is not None
    assert found[14.4] < found[6.0]


def test_what_burns_slowly_fires_only_the_slow_alerts() -> None:
    found = fired(events(range(720), share=0.02))
    assert found[14.4] is None
    assert found[6.0] is None
    assert found[3.0] is None
    assert found[1.0] is not None


def test_a_moment_that_is_over_no_longer_fires() -> None:
    """The short window: the budget does not burn any more."""
    [fastest, *_] = watch(events(range(100, 102)), 0.99, events_min=20)
    assert fastest.first_s == 102.0
    brief = events(range(100, 101), share=0.5)
    assert fired(brief)[14.4] is None


def test_with_too_few_events_nothing_is_looked_at() -> None:
    few = Events(1.0, np.zeros(10, np.int64), np.ones(10, np.int64))
    assert [firing.looked for firing in watch(few, 0.99, events_min=20)] == [False] * 4
    assert [firing.first_s for firing in watch(few, 0.99, events_min=20)] == [None] * 4
    nothing = Events(1.0, np.empty(0, np.int64), np.empty(0, np.int64))
    assert watch(nothing, 0.99, events_min=1)[0] == Firing(ALERTS[0], None, False, 0.0)


def test_a_few_events_a_second_are_looked_at_in_longer_windows() -> None:
    sparse = events(range(300, 400), seconds=720, per_s=1)
    assert fired(sparse)[14.4] == 303.0  # three of the last twenty


def test_a_budget_is_spent_by_what_is_bad() -> None:
    half = budget(events(range(36), share=0.1), 0.99)  # 360 bad of 72,000
    assert (half.events, half.bad, half.held) == (72_000, 360, True)
    assert half.spent == pytest.approx(0.5)
    assert not budget(events(range(100), share=0.1), 0.99).held
    assert budget(events(range(72), share=0.1), 0.99).held  # just


def test_slices_of_time_count_once_each_and_empty_ones_do_not() -> None:
    found = Events(1.0, np.array([9, 10, 0, 0, 10, 5]), np.array([10, 10, 0, 0, 10, 10])).sliced(2.0, 0.95)
    assert found.good.tolist() == [1, 0, 0]
    assert found.all.tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"target": 1.0}, "target must be between 0 and 1"),
        ({"target": 0.9, "slice_s": 1.0}, "given together"),
        ({"target": 0.9, "latency_ms_max": 0.0}, "latency_ms_max must be more than 0"),
    ],
)
def test_an_objective_that_means_nothing_is_refused(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Objective("x", **wrong)  # type: ignore[arg-type]
