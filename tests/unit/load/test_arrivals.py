from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from harness.errors import InvalidInput
from harness.load.arrivals import Arrival, ArrivalRandom, Rate, plan_arrivals
from harness.scenario import Arrivals

CONSTANT = Rate([(0, 1000)])


def test_uniform_arrivals_at_a_constant_rate_are_evenly_spaced() -> None:
    plan = list(islice(plan_arrivals(CONSTANT, Arrivals.UNIFORM, 1, [1], [1]), 3000))
    assert [arrival.due_ns for arrival in plan] == pytest.approx([k * 1_000_000 for k in range(3000)], abs=1)


def test_poisson_gaps_are_exponential() -> None:
    plan = plan_arrivals(CONSTANT, Arrivals.POISSON, 1, [1], [1])
    gaps = np.diff([arrival.due_ns for arrival in islice(plan, 50_000)]) / 1e6
    assert gaps.mean() == pytest.approx(1, rel=0.02)
    assert gaps.std() == pytest.approx(1, rel=0.02)


def test_a_ramp_has_the_area_of_its_triangle() -> None:
    assert Rate([(0, 0), (10, 100)]).area(10) == 500
    assert Rate([(0, 0), (10, 100)]).area(5) == 125
    assert Rate([(0, 0), (10, 100)]).area(12) == 700


def test_before_its_first_point_the_rate_is_that_of_the_first_point() -> None:
    assert Rate([(5, 100)]).area(10) == 1000


def test_nothing_comes_while_the_rate_is_zero() -> None:
    rate = Rate([(0, 100), (1, 100), (1, 0), (3, 0), (3, 100)])
    due_s = [arrival.due_ns / 1e9 for arrival in plan_arrivals(rate, Arrivals.UNIFORM, 1, [1], [1], duration_s=4)]
    assert len(due_s) == 200
    assert not [time for time in due_s if 1 < time < 3]


def test_a_rate_that_ends_at_zero_ends_the_plan() -> None:
    rate = Rate([(0, 100), (2, 0)])
    assert len(list(plan_arrivals(rate, Arrivals.UNIFORM, 1, [1], [1]))) == 101  # 0, 1, … 100


@pytest.mark.parametrize("points", [[], [(0.0, -1.0)], [(-1.0, 5.0)], [(2.0, 5.0), (1.0, 5.0)]])
def test_impossible_shapes_are_refused(points: list[tuple[float, float]]) -> None:
    with pytest.raises(InvalidInput):
        Rate(points)


def test_operations_and_lanes_come_in_proportion_to_their_weights() -> None:
    plan = list(islice(plan_arrivals(CONSTANT, Arrivals.UNIFORM, 1, [1, 3], [9, 1]), 20_000))
    assert sum(arrival.operation for arrival in plan) / len(plan) == pytest.approx(0.75, abs=0.02)
    assert sum(arrival.lane for arrival in plan) / len(plan) == pytest.approx(0.1, abs=0.02)


def test_workers_divide_one_plan() -> None:
    def plan(worker: int = 0, workers: int = 1) -> list[Arrival]:
        rate = Rate([(0, 1000)])
        return list(plan_arrivals(rate, Arrivals.POISSON, 3, [1, 1], [1], duration_s=4, worker=worker, workers=workers))

    whole = plan()
    parts = [plan(worker, 3) for worker in range(3)]
    assert sorted(arrival for part in parts for arrival in part) == whole
    assert [len(part) for part in parts] == pytest.approx([len(whole) / 3] * 3, abs=1)


def test_what_an_arrival_draws_depends_on_its_number_alone() -> None:
    random = ArrivalRandom(5)
    random.begin(7)
    drawn = [random.random(), random.randint(1, 6), random.sample(range(100), 3)]
    random.begin(8)
    random.random()
    random.begin(7)
    assert [random.random(), random.randint(1, 6), random.sample(range(100), 3)] == drawn


def test_draws_are_spread_evenly() -> None:
    random = ArrivalRandom(1)
    drawn = []
    for number in range(20_000):
        random.begin(number)
        drawn.append(random.randrange(10))
    assert np.bincount(drawn, minlength=10) == pytest.approx(2000, rel=0.1)


def test_other_seeds_draw_otherwise() -> None:
    assert [ArrivalRandom(seed).random() for seed in (1, 2)] == [ArrivalRandom(seed).random() for seed in (1, 2)]
    assert ArrivalRandom(1).random() != ArrivalRandom(2).random()
