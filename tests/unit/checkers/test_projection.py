"""The read model is what the events say."""

from __future__ import annotations

import pytest

from harness.checkers.projection import Projection
from harness.verdict import Status
from tests.histories.build import Story


def stored() -> Story:
    return Story().stored("a", 1, amount=100).stored("a", 2, amount=-30).stored("b", 1, amount=0)


def test_a_read_model_that_equals_the_fold_passes() -> None:
    with stored().shows("a", 70, 2).shows("b", 0, 1).quiet().history() as history:
        assert Projection().check(history).status is Status.PASS


@pytest.mark.parametrize(
    "shown",
    [
        (("a", 40, 2), ("b", 0, 1)),  # applied twice
        (("a", 70, 1), ("b", 0, 1)),
        (("a", 70, 2),),
        (("a", 70, 2), ("b", 0, 1), ("c", 1, 1)),
        (),
    ],
)
def test_one_that_does_not_is_found(shown: tuple[tuple[str, int, int], ...]) -> None:
    story = stored().quiet()
    for stream, value, position in shown:
        story.shows(stream, value, position)
    with story.history() as history:
        assert Projection().check(history).status is Status.FAIL


def test_one_that_may_still_move_is_not_known_to_be_wrong() -> None:
    with stored().shows("a", 100, 1).shows("b", 0, 1).quiet(reached=False, settled=False).history() as history:
        assert Projection().check(history).status is Status.UNKNOWN


def test_one_that_stands_still_before_the_end_is_wrong() -> None:
    with stored().shows("a", 100, 1).shows("b", 0, 1).quiet(reached=False, settled=True).history() as history:
        assert Projection().check(history).status is Status.FAIL
