"""What each toxic does to a stream, by a clock of the test."""

from __future__ import annotations

from random import Random

import pytest

from harness.toxics.stages import STAGES, Chunk, End, Release, Stage


def stage(kind: str, **attributes: int) -> Stage:
    return STAGES[kind](attributes, Random(1), 0.0)


def released(stage: Stage, now_s: float) -> list[bytes | End]:
    """All that is due then."""
    found: list[bytes | End] = []
    while not stage.over and (release := stage.release(now_s)) is not None:
        stage.over = isinstance(release, End)
        found.append(_plain(release))
    return found


def _plain(release: Release) -> bytes | End:
    return release if isinstance(release, End) else bytes(release.data)


def test_latency_delays_each_chunk_from_when_it_came() -> None:
    latency = stage("latency", latency=100, jitter=0)
    latency.offer(Chunk(b"a", 0.0), 0.0)
    latency.offer(Chunk(b"b", 0.03), 0.03)
    assert released(latency, 0.099) == []
    assert latency.due_s() == pytest.approx(0.1)
    assert released(latency, 0.1) == [b"a"]
    assert released(latency, 0.131) == [b"b"]


def test_latency_says_to_the_next_toxic_when_a_chunk_would_have_come() -> None:
    latency = stage("latency", latency=100, jitter=0)
    latency.offer(Chunk(b"a", 0.0), 0.0)
    release = latency.release(0.5)  # asked for late
    assert isinstance(release, Chunk)
    assert release.at_s == pytest.approx(0.1)


def test_jitter_keeps_the_order() -> None:
    latency = stage("latency", latency=50, jitter=50)
    for number in range(200):
        latency.offer(Chunk(bytes([number]), 0.0), 0.0)
    assert b"".join(part for part in released(latency, 1.0) if isinstance(part, bytes)) == bytes(range(200))


def test_the_end_of_a_stream_is_not_delayed_beyond_what_comes_before() -> None:
    latency = stage("latency", latency=100, jitter=0)
    latency.offer(Chunk(b"a", 0.0), 0.0)
    latency.finish(End.FINISHED, 0.0)
    assert released(latency, 0.05) == []
    assert released(latency, 0.1) == [b"a", End.FINISHED]


def test_a_new_latency_holds_for_what_waits() -> None:
    latency = stage("latency", latency=60_000, jitter=0)
    latency.offer(Chunk(b"a", 0.0), 0.0)
    assert released(latency, 1.0) == []
    latency.revise({"latency": 1, "jitter": 0}, 1.0)
    assert released(latency, 1.0) == [b"a"]


def test_a_rate_lets_a_chunk_through_when_its_last_byte_is() -> None:
    bandwidth = stage("bandwidth", rate=1)
    bandwidth.offer(Chunk(b"x" * 50, 0.0), 0.0)
    assert released(bandwidth, 0.049) == []
    assert released(bandwidth, 0.05) == [b"x" * 50]


def test_a_rate_cuts_long_chunks_into_tenths_of_a_second() -> None:
    bandwidth = stage("bandwidth", rate=1)
    bandwidth.offer(Chunk(b"x" * 250, 0.0), 0.0)
    assert [len(part) for part in released(bandwidth, 0.21) if isinstance(part, bytes)] == [100, 100]
    assert [len(part) for part in released(bandwidth, 0.26) if isinstance(part, bytes)] == [50]


def test_a_rate_makes_up_for_a_timer_that_was_late_but_not_for_idle_time() -> None:
    bandwidth = stage("bandwidth", rate=1)
    bandwidth.offer(Chunk(b"a" * 50, 0.0), 0.0)
    bandwidth.offer(Chunk(b"b" * 50, 0.0), 0.0)
    assert released(bandwidth, 0.07) == [b"a" * 50]
    assert released(bandwidth, 0.1) == [b"b" * 50]
    bandwidth.offer(Chunk(b"c" * 50, 5.0), 5.0)
    assert released(bandwidth, 5.04) == []
    assert released(bandwidth, 5.05) == [b"c" * 50]


@pytest.mark.parametrize("rate", [0, -5])
def test_without_a_rate_nothing_ever_leaves(rate: int) -> None:
    bandwidth = stage("bandwidth", rate=rate)
    bandwidth.offer(Chunk(b"a", 0.0), 0.0)
    assert released(bandwidth, 1e9) == []
    assert bandwidth.due_s() is None
    assert [_plain(release) for release in bandwidth.retire(1.0)] == [b"a"]


def test_a_slow_close_holds_back_the_end_alone() -> None:
    slow_close = stage("slow_close", delay=100)
    slow_close.offer(Chunk(b"a", 0.0), 0.0)
    slow_close.finish(End.FINISHED, 0.0)
    assert released(slow_close, 0.0) == [b"a"]
    assert released(slow_close, 0.099) == []
    assert released(slow_close, 0.1) == [End.FINISHED]


def test_a_timeout_counts_from_the_last_chunk_and_loses_it() -> None:
    timeout = stage("timeout", timeout=100)
    timeout.offer(Chunk(b"a", 0.06), 0.06)
    assert timeout.has_room()
    assert released(timeout, 0.1) == []
    assert released(timeout, 0.16) == [End.CUT]


def test_a_timeout_of_nothing_never_closes_but_when_it_is_taken_away() -> None:
    timeout = stage("timeout", timeout=0)
    assert released(timeout, 1e9) == []
    assert list(timeout.retire(1e9)) == [End.CUT]


@pytest.mark.parametrize("first", ["chunk", "end"])
def test_a_reset_comes_after_the_first_byte_or_the_end(first: str) -> None:
    reset_peer = stage("reset_peer", timeout=100)
    assert released(reset_peer, 5.0) == []
    if first == "chunk":
        reset_peer.offer(Chunk(b"a", 5.0), 5.0)
    else:
        reset_peer.finish(End.FINISHED, 5.0)
    assert released(reset_peer, 5.09) == []
    assert released(reset_peer, 5.1) == [End.RESET]


def test_a_reset_that_has_begun_cannot_be_taken_back() -> None:
    idle, begun = stage("reset_peer", timeout=1000), stage("reset_peer", timeout=1000)
    begun.offer(Chunk(b"a", 0.0), 0.0)
    assert (list(idle.retire(0.1)), list(begun.retire(0.1))) == ([], [End.RESET])


@pytest.mark.parametrize(
    ("average_size", "size_variation", "longest"), [(10, 0, 10), (10, 5, 15), (0, 0, 1), (-3, -3, 1), (7, 700, 1000)]
)
def test_slices_are_the_whole_and_none_is_too_long(average_size: int, size_variation: int, longest: int) -> None:
    slicer = stage("slicer", average_size=average_size, size_variation=size_variation, delay=0)
    data = bytes(range(250)) * 4
    slicer.offer(Chunk(data, 0.0), 0.0)
    parts = [part for part in released(slicer, 0.0) if isinstance(part, bytes)]
    assert b"".join(parts) == data
    assert min(map(len, parts)) >= 1
    assert max(map(len, parts)) <= longest


def test_slices_come_one_after_the_other_by_the_time_they_were_due() -> None:
    slicer = stage("slicer", average_size=10, size_variation=0, delay=10_000)
    slicer.offer(Chunk(b"x" * 40, 0.0), 0.0)
    assert len(released(slicer, 0.0)) == 1
    assert len(released(slicer, 0.009)) == 0
    assert len(released(slicer, 0.025)) == 2  # the timer was late
    assert len(released(slicer, 0.03)) == 1


def test_a_slicer_that_is_taken_away_gives_what_it_holds() -> None:
    slicer = stage("slicer", average_size=10, size_variation=0, delay=10_000)
    slicer.offer(Chunk(b"x" * 40, 0.0), 0.0)
    assert len(released(slicer, 0.0)) == 1
    assert sum(len(part) for part in map(_plain, slicer.retire(0.0)) if isinstance(part, bytes)) == 30


def test_data_are_limited_and_then_cut() -> None:
    limit_data = stage("limit_data", bytes=5)
    limit_data.offer(Chunk(b"abc", 0.0), 0.0)
    assert released(limit_data, 0.0) == [b"abc"]
    limit_data.offer(Chunk(b"defg", 0.0), 0.0)
    assert released(limit_data, 0.0) == [b"de", End.CUT]


def test_a_limit_of_nothing_cuts_at_the_first_byte() -> None:
    limit_data = stage("limit_data", bytes=0)
    assert released(limit_data, 0.0) == []
    limit_data.offer(Chunk(b"a", 0.0), 0.0)
    assert released(limit_data, 0.0) == [End.CUT]
