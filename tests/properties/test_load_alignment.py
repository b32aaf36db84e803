"""The records of several machines become one history, with errors no larger than is said."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, closing
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.load.alignment import Alignment, read_clock
from harness.load.journal import Clock, Stall
from harness.load.recording import Recorder, RecordingCopy, Records, alignment_of, committed_bytes, read_records
from harness.load.records import REQUEST
from tests.unit.load.samples import write_request

PATIENT = settings(deadline=None, max_examples=50)  # a busy machine is no failure
DAY_NS = 86_400 * 10**9

offsets = st.integers(-1000 * DAY_NS, 1000 * DAY_NS)
times = st.integers(1, 300 * DAY_NS)
delays = st.integers(0, 10**8)


class TwoClocks:
    """The harness's, and one that shows `offset_ns` less; each exchange takes its delays there and back."""

    def __init__(self, now_ns: int, offset_ns: int, trips: list[tuple[int, int]]) -> None:
        self.now = now_ns
        self.offset_ns = offset_ns
        self.trips = iter(trips)

    def now_ns(self) -> int:
        return self.now

    def ask(self) -> int:
        there, back = next(self.trips)
        shown = self.now + there - self.offset_ns
        self.now += there + back
        return shown


@PATIENT
@given(times, offsets, st.lists(st.tuples(delays, delays), min_size=1, max_size=20))
def test_the_true_offset_is_within_the_bound_however_the_trips_divide(
    now_ns: int, offset_ns: int, trips: list[tuple[int, int]]
) -> None:
    clocks = TwoClocks(now_ns, offset_ns, trips)
    reading = read_clock(clocks.ask, len(trips), clocks.now_ns)
    assert abs(reading.offset_ns - offset_ns) <= reading.bound_ns
    assert reading.bound_ns == min((there + back + 1) // 2 for there, back in trips)


@st.composite
def drifting(draw: st.DrawFn) -> tuple[list[Clock], list[tuple[int, int]]]:
    """Readings of a clock that drifts evenly between them, and times with the true offset at each."""
    start, gaps = draw(times), draw(st.lists(st.integers(10**6, DAY_NS), min_size=1, max_size=4))
    at = list(accumulate(gaps, initial=start))
    moves = [draw(st.integers(-gap // 2000, gap // 2000)) for gap in gaps]
    true = list(accumulate(moves, initial=draw(offsets)))
    bounds = [draw(st.integers(0, 10**7)) for _ in at]
    readings = [
        Clock(at_ns, offset_ns + draw(st.integers(-bound, bound)), bound)
        for at_ns, offset_ns, bound in zip(at, true, bounds, strict=True)
    ]
    moments = []
    for (begin, end), (offset, after) in zip(pairwise(at), pairwise(true), strict=True):
        moment = draw(st.integers(begin, end))
        moments.append((moment, offset + (after - offset) * (moment - begin) // (end - begin)))
    return readings, moments


@PATIENT
@given(drifting())
def test_an_aligned_time_is_within_the_bound(drawn: tuple[list[Clock], list[tuple[int, int]]]) -> None:
    readings, moments = drawn
    alignment = Alignment(readings)
    assert alignment.steady
    for worker_ns, offset_ns in moments:
        assert abs(alignment.time(worker_ns) - (worker_ns + offset_ns)) <= alignment.bound_ns + 2


@PATIENT
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(2 * 10**12, 3 * 10**12)), min_size=1, max_size=40),
    st.lists(st.integers(-(10**12), 10**12), min_size=4, max_size=4),
)
def test_the_records_of_all_workers_are_merged_with_none_lost_and_none_doubled(
    requests: list[tuple[int, int]], offset_of: list[int]
) -> None:
    """Each worker writes by its own clock; what is read is by the harness's, whoever wrote it."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        files = [folder / f"load-{worker}.requests" for worker in range(4)]
        recorders = [stack.enter_context(closing(Recorder(file))) for file in files]
        for recorder, offset_ns in zip(recorders, offset_of, strict=True):
            recorder.journal.append(Clock(0, offset_ns, 1000))
        for key, (worker, due_ns) in enumerate(requests):
            write_request(recorders[worker], scheduled_ns=due_ns - offset_of[worker], key=key, session=worker)
        merged = Records(files).all()
        merged = merged[np.argsort(merged["key"])]
        assert merged["key"].tolist() == list(range(len(requests)))
        assert merged["scheduled_ns"].tolist() == [due_ns for _, due_ns in requests]
        assert merged["session"].tolist() == [worker for worker, _ in requests]


@PATIENT
@given(st.lists(st.integers(1, 5), min_size=1, max_size=12), offsets)
def test_a_copy_in_any_portions_reads_like_its_original(portions: list[int], offset_ns: int) -> None:
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        original, target = Path(name) / "there.requests", Path(name) / "here.requests"
        recorder = stack.enter_context(closing(Recorder(original)))
        copy = stack.enter_context(closing(RecordingCopy(target)))
        copy.note(Clock(1, offset_ns, 5))
        here = Records([target])
        read: list[tuple[int, str]] = []
        key = 0
        for portion in portions:
            for _ in range(portion):
                key += 1
                write_request(recorder, scheduled_ns=key, sent_ns=0, key=key, operation=f"operation {key % 7}")
            recorder.journal.append(Stall(key, key + 1))
            size = committed_bytes(original) - copy.size
            journal = original.with_suffix(".journal").read_bytes()[copy.journal_size :]
            copy.append(read_records(original, copy.size, size), journal)
            fresh = here.new()
            assert not fresh["sent_ns"].any()
            read += [(int(record["scheduled_ns"]), here.names["operation"][record["operation"]]) for record in fresh]
        assert read == [(number + offset_ns, f"operation {number % 7}") for number in range(1, key + 1)]
        assert len(here.stalls()) == len(portions)
        assert here.stalls()[0] == (portions[0] + offset_ns, portions[0] + 1 + offset_ns)
        assert alignment_of(target).bound_ns == 5
        assert copy.size == key * REQUEST.itemsize
