"""A read model that is built aside, as a store in memory shows it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import pytest

from harness.environment import Events, Projection
from harness.errors import HarnessError
from harness.events.store import StoreReader
from harness.history import Kind, Row
from harness.lanes.rebuilding import Rebuilding
from harness.lanes.stage import Stage
from harness.protocols import CatchUp, Setback, Verify
from tests.unit.fakes import ENVIRONMENT, MemoryTimeline

T = TypeVar("T")
SHOP = replace(
    ENVIRONMENT,
    events=Events("postgres", "", "head"),
    projection=Projection("postgres", "", "", "rebuilt", "rebuilt head"),
)


@dataclass
class Models(StoreReader):
    """What is shown look by look, the last one again and again."""

    heads: Sequence[int] = (0,)
    reached: Sequence[int] = (0,)
    looks: Sequence[Sequence[Row]] = ((),)
    answers: dict[str, Iterator[int]] = field(init=False)

    def __post_init__(self) -> None:
        super().__init__("")
        self.answers = {"head": _again(self.heads), "rebuilt head": _again(self.reached)}
        self.rows = _again(self.looks)

    def number(self, sql: str) -> int:
        return next(self.answers[sql])

    def rebuilt(self, projection: Projection) -> list[Row]:
        return list(next(self.rows))


class Down(StoreReader):
    def number(self, sql: str) -> int:
        raise HarnessError("nobody answers")


def _again(shown: Sequence[T]) -> Iterator[T]:
    yield from shown
    while True:
        yield shown[-1]


def perform(store: StoreReader, action: CatchUp | Verify) -> list[str]:
    """What is noted of it."""
    with MemoryTimeline() as timeline:
        stage = Stage(timeline, time.monotonic_ns())
        Rebuilding(SHOP, lambda store: store, stage, lambda: None, lambda _: store).perform(action)
    return [str(moment.detail["text"]) for moment in timeline.of(Kind.NOTE)]


def test_it_has_caught_up_once_it_shows_what_the_store_held_when_it_was_asked() -> None:
    assert perform(Models(heads=[100, 300], reached=[40, 80, 100]), CatchUp("2", 60)) == [
        "the read model of 2 has caught up: it shows 100 events"
    ]


def test_one_that_does_not_catch_up_is_a_setback() -> None:
    with pytest.raises(Setback, match="the read model of 2 shows 40 of 100 events, and time is up"):
        perform(Models(heads=[100], reached=[40]), CatchUp("2", 0.001))


def test_it_is_verified_once_each_stream_was_seen_alike() -> None:
    """A stream is compared when both show it up to the same event; what changes meanwhile says nothing."""
    looks: list[list[Row]] = [
        [("a", 5, 1, 5, 1), ("b", 7, 2, 9, 3)],
        [("a", 6, 2, 5, 1), ("b", 9, 3, 9, 3), ("c", 1, 1, None, None)],
    ]
    assert perform(Models(looks=looks), Verify("2", 60)) == [
        "the read model of 2 is as the one that serves, in all of 3 streams"
    ]


def test_a_stream_that_is_shown_otherwise_is_a_setback_at_once() -> None:
    looks: list[list[Row]] = [[("a", 5, 1, 5, 1), ("b", 8, 2, 9, 2)]]
    with pytest.raises(Setback, match="the read model of 2 shows 8 for the stream b, and the one that serves 9"):
        perform(Models(looks=looks), Verify("2", 60))


@pytest.mark.parametrize("row", [("b", None, None, 9, 2), ("b", 9, 2, None, None), ("b", 7, 1, 9, 2)])
def test_a_stream_that_is_never_seen_alike_is_a_setback(row: Row) -> None:
    with pytest.raises(Setback, match="shows 1 of 2 streams apart, and time is up"):
        perform(Models(looks=[[("a", 5, 1, 5, 1), row]]), Verify("2", 0.001))


def test_nothing_to_compare_proves_nothing() -> None:
    with pytest.raises(Setback, match="there is no stream by which"):
        perform(Models(), Verify("2", 60))


def test_a_store_that_cannot_be_read_is_a_setback() -> None:
    with pytest.raises(Setback, match="the read model of 2 cannot be judged: nobody answers"):
        perform(Down(""), CatchUp("2", 60))


def test_an_environment_that_does_not_say_how_to_read_it_is_a_setback() -> None:
    with MemoryTimeline() as timeline:
        stage = Stage(timeline, time.monotonic_ns())
        with pytest.raises(Setback, match="does not say how a read model that is built aside is read"):
            Rebuilding(ENVIRONMENT, lambda store: store, stage, lambda: None).perform(CatchUp("2", 60))
