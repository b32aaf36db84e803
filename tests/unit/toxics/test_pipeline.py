"""Toxics one after the other, coming and going, by a clock of the test."""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.toxics.pipeline import Pipeline
from harness.toxics.stages import End
from harness.toxics.toxic import KINDS, Dice, Toxic

HARMLESS = ("noop", "latency", "bandwidth", "slow_close", "slicer")
"""What loses no byte."""


def toxic(name: str, kind: str, **attributes: int) -> Toxic:
    return Toxic(name, kind, attributes={attribute: attributes.get(attribute, 0) for attribute in KINDS[kind]})


def pipeline(*toxics: Toxic) -> Pipeline:
    made = Pipeline(Dice(1, "p"), 1)
    made.arrange(toxics, 0.0)
    return made


def pumped(pipeline: Pipeline, now_s: float) -> list[bytes | End]:
    return [
        release if isinstance(release, End) else bytes(release.data) for release in pipeline.pump(now_s, lambda: True)
    ]


def test_delays_add_up() -> None:
    pipe = pipeline(toxic("a", "latency", latency=30), toxic("b", "latency", latency=40))
    pipe.offer(b"x", 0.0)
    assert pumped(pipe, 0.069) == []
    assert pumped(pipe, 0.07) == [b"x"]


def test_it_is_asked_again_when_the_next_toxic_is_due_though_an_earlier_one_is_blocked() -> None:
    pipe = pipeline(toxic("a", "latency", latency=10), toxic("b", "bandwidth", rate=1))
    for _ in range(4):
        pipe.offer(b"x" * 50, 0.0)
    assert pumped(pipe, 0.011) == []
    due_s = pipe.due_s(0.011)
    assert due_s is not None
    assert 0.05 < due_s < 0.07
    assert pumped(pipe, due_s) == [b"x" * 50]


def test_the_source_is_read_no_further_than_there_is_room() -> None:
    pipe = pipeline(toxic("a", "bandwidth", rate=1))
    offered = 0
    while pipe.has_room():
        pipe.offer(b"x" * 100, 0.0)
        offered += 1
    assert offered == 2


def test_a_destination_that_is_not_ready_gets_nothing() -> None:
    pipe = pipeline(toxic("a", "noop"))
    pipe.offer(b"x", 0.0)
    assert list(pipe.pump(0.0, lambda: False)) == []
    assert not pipe.has_room()
    assert pumped(pipe, 0.0) == [b"x"]
    assert pipe.has_room()


def test_what_a_toxic_held_goes_through_those_behind_it_when_it_is_taken_away() -> None:
    first, second = toxic("a", "latency", latency=1000), toxic("b", "limit_data", bytes=3)
    pipe = pipeline(first, second)
    pipe.offer(b"abcdef", 0.0)
    assert pumped(pipe, 0.0) == []
    pipe.arrange([second], 0.0)
    assert pumped(pipe, 0.0) == [b"abc", End.CUT]


def test_without_toxics_there_is_nothing_left_of_it() -> None:
    pipe = pipeline(toxic("a", "latency", latency=1000))
    pipe.offer(b"x", 0.0)
    pipe.arrange([], 0.0)
    assert pipe
    assert pumped(pipe, 0.0) == [b"x"]
    assert not pipe


def test_beyond_a_cut_the_source_is_not_read() -> None:
    pipe = pipeline(toxic("a", "timeout", timeout=1), toxic("b", "slow_close", delay=100))
    assert pumped(pipe, 0.01) == []
    assert not pipe.has_room()
    assert pumped(pipe, 0.111) == [End.CUT]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    kinds=st.lists(st.sampled_from(HARMLESS), max_size=4),
    sizes=st.lists(st.integers(1, 300), max_size=12),
    taken=st.sets(st.integers(0, 3)),
)
def test_no_byte_is_lost_doubled_or_overtaken(kinds: list[str], sizes: list[int], taken: set[int]) -> None:
    """Whatever is between, and whatever of it is taken away while bytes are on their way."""
    chunks = [Random(number).randbytes(size) for number, size in enumerate(sizes)]
    attributes = {"latency": 20, "jitter": 10, "rate": 5, "delay": 30, "average_size": 7, "size_variation": 3}
    toxics = [toxic(str(number), kind, **attributes) for number, kind in enumerate(kinds)]
    pipe = pipeline(*toxics)
    now_s, out = 0.0, list[bytes | End]()
    waiting: list[bytes | End] = [*chunks, End.FINISHED]
    while End.FINISHED not in out:
        while waiting and pipe.has_room():
            match waiting.pop(0):
                case End() as end:
                    pipe.finish(end, now_s)
                case data:
                    pipe.offer(data, now_s)
        out += pumped(pipe, now_s)
        now_s = max(now_s + 0.001, pipe.due_s(now_s) or 0.0)
        if now_s > 0.05:
            pipe.arrange([each for number, each in enumerate(toxics) if number not in taken], now_s)
    assert b"".join(part for part in out if isinstance(part, bytes)) == b"".join(chunks)
    assert out[-1] is End.FINISHED
