from __future__ import annotations

import numpy as np

from harness.load.alignment import Alignment
from harness.load.journal import Clock

SECOND_NS = 10**9


def test_without_readings_a_clock_is_the_harnesss_own() -> None:
    alignment = Alignment([])
    assert alignment.time(7) == 7
    assert alignment.worker_time(7) == 7
    assert (alignment.offset_ns, alignment.drift_ns, alignment.bound_ns) == (0, 0, 0)
    assert alignment.steady


def test_one_reading_moves_all_times_alike_but_not_what_never_happened() -> None:
    alignment = Alignment([Clock(100, 5000, 30)])
    assert alignment.times(np.array([50, 0, 200])).tolist() == [5050, 0, 5200]
    assert alignment.worker_time(5200) == 200
    assert alignment.bound_ns == 30


def test_between_readings_the_offset_moves_evenly_and_beyond_them_not_at_all() -> None:
    alignment = Alignment([Clock(1000, 100, 0), Clock(3000, 300, 0)])
    assert [alignment.time(at) - at for at in (500, 1000, 2000, 3000, 9000)] == [100, 100, 200, 300, 300]
    assert (alignment.offset_ns, alignment.drift_ns) == (100, 200)


def test_offsets_of_years_are_exact_to_the_nanosecond() -> None:
    year_ns = 365 * 86_400 * SECOND_NS
    alignment = Alignment([Clock(1, year_ns + 1, 0), Clock(year_ns, year_ns + 1, 0)])
    assert alignment.time(12_345_678_901_234_567) == 12_345_678_901_234_567 + year_ns + 1


def test_the_bound_is_that_of_the_worse_reading_and_what_the_offset_moved() -> None:
    assert Alignment([Clock(0, 1000, 40), Clock(SECOND_NS, 1007, 50)]).bound_ns == 57


def test_a_machine_that_stood_still_is_noticed() -> None:
    still = [Clock(SECOND_NS, 0, 1000), Clock(2 * SECOND_NS, 3_000_000_000, 1000)]
    assert not Alignment(still).steady


def test_a_clock_that_is_slewed_is_steady() -> None:
    slewed = [Clock(SECOND_NS, 0, 1000), Clock(2 * SECOND_NS, 400_000, 1000)]
    assert Alignment(slewed).steady
