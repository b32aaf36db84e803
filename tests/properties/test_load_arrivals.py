"""Arrivals keep to the rate and to the seed, whatever both are."""

from __future__ import annotations

from itertools import islice, pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.load.arrivals import Arrival, Rate, plan_arrivals
from harness.scenario import Arrivals

DURATION_S = 10.0
PATIENT = settings(deadline=None, max_examples=50)  # a busy machine is no failure

rates = st.floats(0, 100, allow_nan=False)
points = st.lists(st.tuples(st.floats(0, 8), rates), min_size=1, max_size=6).map(
    lambda found: sorted(found, key=lambda point: point[0])
)
kinds = st.sampled_from(Arrivals)
seeds = st.integers(0, 2**63)


def plan(
    shape: list[tuple[float, float]], kind: Arrivals, seed: int, worker: int = 0, workers: int = 1
) -> list[Arrival]:
    return list(
        plan_arrivals(Rate(shape), kind, seed, [2, 1], [1, 1], duration_s=DURATION_S, worker=worker, workers=workers)
    )


@PATIENT
@given(points, kinds, seeds)
def test_arrivals_are_numbered_in_the_order_of_time_and_end_in_time(
    shape: list[tuple[float, float]], kind: Arrivals, seed: int
) -> None:
    arrivals = plan(shape, kind, seed)
    assert [arrival.number for arrival in arrivals] == list(range(len(arrivals)))
    assert all(before.due_ns <= after.due_ns for before, after in pairwise(arrivals))
    assert all(0 <= arrival.due_ns <= DURATION_S * 1e9 for arrival in arrivals)


@PATIENT
@given(points)
def test_uniform_arrivals_are_as_many_as_the_area_under_the_rate(shape: list[tuple[float, float]]) -> None:
    assert abs(len(plan(shape, Arrivals.UNIFORM, 1)) - Rate(shape).area(DURATION_S)) <= 1.001


@PATIENT
@given(points, seeds)
def test_poisson_arrivals_are_about_as_many(shape: list[tuple[float, float]], seed: int) -> None:
    expected = Rate(shape).area(DURATION_S)
    assert abs(len(plan(shape, Arrivals.POISSON, seed)) - expected) <= 8 * expected**0.5 + 20


@PATIENT
@given(points, kinds, seeds)
def test_a_seed_is_a_plan(shape: list[tuple[float, float]], kind: Arrivals, seed: int) -> None:
    assert plan(shape, kind, seed) == plan(shape, kind, seed)


@PATIENT
@given(points, kinds, seeds, st.integers(1, 5))
def test_workers_divide_the_plan_and_lose_nothing(
    shape: list[tuple[float, float]], kind: Arrivals, seed: int, workers: int
) -> None:
    parts = [plan(shape, kind, seed, worker, workers) for worker in range(workers)]
    assert sorted(arrival for part in parts for arrival in part) == plan(shape, kind, seed)


@PATIENT
@given(st.floats(1, 10_000), seeds)
def test_another_seed_is_another_plan(rate: float, seed: int) -> None:
    def begin(seed: int) -> list[Arrival]:
        return list(islice(plan_arrivals(Rate([(0, rate)]), Arrivals.POISSON, seed, [1], [1]), 5))

    assert begin(seed) != begin(seed + 1)


@PATIENT
@given(points, st.lists(st.floats(0, DURATION_S), min_size=2, max_size=20).map(sorted))
def test_the_area_only_grows_and_its_inverse_finds_the_time(
    shape: list[tuple[float, float]], times: list[float]
) -> None:
    rate = Rate(shape)
    areas = [rate.area(time) for time in times]
    assert all(before <= after + 1e-9 for before, after in pairwise(areas))
    again = [rate.area(float(time)) for time in rate.seconds(np.array(areas)) if np.isfinite(time)]
    assert all(abs(found - wanted) < 1e-6 for found, wanted in zip(again, areas, strict=False))
