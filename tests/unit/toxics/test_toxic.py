from __future__ import annotations

import pytest

from harness.toxics.stages import STAGES
from harness.toxics.toxic import KINDS, Dice, Stream, Toxic


def struck(toxicity: float, seed: int = 1, name: str = "t") -> set[int]:
    toxic = Toxic(name, "noop", toxicity=toxicity)
    return {number for number in range(1, 1001) if toxic.strikes(Dice(seed, "p"), number)}


def test_toxicity_is_about_that_share() -> None:
    assert 200 < len(struck(0.25)) < 300


def test_the_seed_says_which_are_struck() -> None:
    assert struck(0.5, seed=1) == struck(0.5, seed=1)
    assert struck(0.5, seed=1) != struck(0.5, seed=2)


def test_toxics_strike_independently() -> None:
    assert struck(0.5, name="a") != struck(0.5, name="b")


def test_who_is_struck_is_struck_at_a_higher_toxicity_too() -> None:
    assert struck(0.2) < struck(0.6) < struck(1.0)


@pytest.mark.parametrize(("toxicity", "count"), [(0.0, 0), (-1.0, 0), (1.0, 1000), (3.0, 1000)])
def test_at_the_ends_nothing_is_left_to_chance(toxicity: float, count: int) -> None:
    assert len(struck(toxicity)) == count


def test_a_stream_may_be_written_in_any_case() -> None:
    assert Toxic("t", "noop", "UpStream").direction is Stream.UPSTREAM


def test_each_kind_does_something() -> None:
    assert KINDS.keys() - STAGES.keys() == {"fail_first"}
