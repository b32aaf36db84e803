"""What the checkers find by SQL, held against the plainest Python that finds the same."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.checkers import judged
from harness.checkers.duplicates import Duplicates
from harness.checkers.gaps import Gaps
from harness.checkers.lost_events import LostEvents
from harness.checkers.monotonic_reads import MonotonicReads
from harness.checkers.order import Order
from harness.checkers.outages import measure_outages
from harness.checkers.phantoms import Phantoms
from harness.checkers.projection import Projection
from harness.history import Kind, merged
from harness.protocols import Checker
from harness.verdict import Cell
from tests.histories.build import Request, Story, ns

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])

streams = st.sampled_from("ab")
positions = st.integers(1, 5)
keys = st.one_of(st.none(), st.integers(1, 6))
tenths = st.integers(0, 30).map(lambda tenth: tenth / 10)


def figures(story: Story, checker: Checker) -> dict[str, Cell]:
    with story.history() as history:
        return dict(checker.check(history).figures)


@QUICK
@given(st.lists(st.tuples(streams, positions, keys, st.sampled_from("xy")), min_size=1))
def test_duplicates_in_the_store(events: list[tuple[str, int, int | None, str]]) -> None:
    story = Story()
    for stream, position, key, kind in events:
        story.event(stream, position, key=key, type=kind)
    times = Counter((stream, key, kind) for stream, _, key, kind in events if key is not None)
    if times:
        found = figures(story, Duplicates(consumers=False))
        assert found["twice_in_store"] == sum(count > 1 for count in times.values())


@QUICK
@given(st.lists(st.tuples(streams, positions), min_size=1))
def test_events_published_twice(published: list[tuple[str, int]]) -> None:
    story = Story().stored("z", 1, key=1)
    for stream, position in published:
        story.saw(stream, position)
    assert figures(story, Duplicates())["twice_published"] == sum(n > 1 for n in Counter(published).values())


@QUICK
@given(st.lists(st.tuples(streams, positions), min_size=1))
def test_order_by_first_publication(published: list[tuple[str, int]]) -> None:
    story = Story()
    for stream, position in published:
        story.saw(stream, position)
    firsts = list(dict.fromkeys(published))
    backwards = 0
    for stream in "ab":
        of_stream = [position for name, position in firsts if name == stream]
        backwards += sum(after < before for before, after in pairwise(of_stream))
    assert figures(story, Order()).get("backwards", 0) == backwards


@QUICK
@given(st.lists(st.tuples(streams, positions), min_size=1), st.lists(st.tuples(streams, positions)))
def test_gaps(stored: list[tuple[str, int]], seen: list[tuple[str, int]]) -> None:
    story = Story().quiet()
    for stream, position in stored:
        story.stored(stream, position)
    for stream, position in seen:
        story.saw(stream, position)
    found = figures(story, Gaps())
    with_holes = [
        name for name in {stream for stream, _ in stored}
        if {position for stream, position in stored if stream == name}
        != set(range(1, max(position for stream, position in stored if stream == name) + 1))
    ]  # fmt: skip
    assert found["streams_with_holes"] == len(with_holes)
    if not with_holes:
        assert found["never_seen"] == sum(event not in seen for event in stored)


outcomes = st.sampled_from(("ok", "fail", "indeterminate"))


@QUICK
@given(
    st.lists(st.tuples(st.sampled_from(("transfer", "balance")), keys, outcomes)),
    st.lists(keys, min_size=1),
    st.lists(keys),
)
def test_lost_and_phantoms(
    requests: list[tuple[str, int | None, str]], stored: list[int | None], seen: list[int | None]
) -> None:
    story = Story().quiet()
    for number, (operation, key, outcome) in enumerate(requests):
        story.request(number / 10, operation, key=key, outcome=outcome)
    for number, key in enumerate(stored):
        story.stored("a", number + 1, key=key)
    for number, key in enumerate(seen):
        story.saw("b", number + 1, key=key)
    acknowledged = [key for operation, key, outcome in requests if (operation, outcome) == ("transfer", "ok") and key]
    if acknowledged:
        found = figures(story, LostEvents())
        assert found["lost_from_store"] == sum(key not in stored for key in acknowledged)
        assert found["lost_from_consumers"] == sum(key not in seen for key in acknowledged)
    sent = {key: [outcome for _, other, outcome in requests if other == key] for _, key, _ in requests}
    unasked = sum(key not in sent for key in stored if key is not None)
    aborted = sum(len(sent[key]) for key in stored if key is not None and key in sent and set(sent[key]) == {"fail"})
    if any(key is not None for key in stored):
        assert figures(story, Phantoms(consumers=False))["phantoms"] == unasked + aborted


@QUICK
@given(
    st.lists(st.tuples(streams, positions, st.integers(-3, 3)), min_size=1),
    st.dictionaries(streams, st.tuples(st.integers(-3, 3), positions)),
)
def test_projection(events: list[tuple[str, int, int]], shown: dict[str, tuple[int, int]]) -> None:
    story = Story().quiet()
    folded: dict[str, tuple[int, int]] = {}
    for stream, position, amount in events:
        story.stored(stream, position, amount=amount)
        value, last = folded.get(stream, (0, 0))
        folded[stream] = (value + amount, max(last, position))
    for stream, (value, position) in shown.items():
        story.shows(stream, value, position)
    different = sum(folded.get(stream) != shown.get(stream) for stream in folded.keys() | shown.keys())
    assert figures(story, Projection())["different"] == different


reads = st.tuples(tenths, st.integers(0, 8).map(lambda tenth: tenth / 10), st.integers(1, 2), positions)


@QUICK
@given(st.lists(reads, min_size=1, max_size=12))
def test_monotonic_reads(told: list[tuple[float, float, int, int]]) -> None:
    story = Story()
    for at_s, took_s, stream, position in told:
        story.request(at_s, took_s=took_s, stream=stream, position=position)
    requests = story.requests or []

    def before(first: Request, second: Request) -> bool:
        assert first.done_ns is not None
        assert second.sent_ns is not None
        return first.stream == second.stream and first.done_ns < second.sent_ns

    compared = sum(any(before(other, read) for other in requests) for read in requests)
    backwards = sum(
        any(before(other, read) and (other.position or 0) > (read.position or 0) for other in requests)
        for read in requests
    )
    found = figures(story, MonotonicReads())
    assert found.get("compared_balance", 0) == compared
    if compared:
        assert found["backwards"] == backwards


@QUICK
@given(st.lists(st.tuples(tenths, st.sampled_from(("kept", "new")), st.booleans()), min_size=1, max_size=25))
def test_outages_are_the_union_over_lanes(told: list[tuple[float, str, bool]]) -> None:
    story = Story(lasts_s=4.0)
    for at_s, lane, served in told:
        (story.request if served else story.failure)(at_s, lane=lane)
    with story.history() as history:
        judged.prepare(history)
        outages = measure_outages(history, excused=True)
    spans = []
    for at_s, lane, served in told:
        if not served:
            next_served = [other for other, its_lane, ok in told if ok and its_lane == lane and other > at_s]
            spans.append((ns(at_s), ns(min(next_served, default=4.0))))
    steps = {tenth for start, end in spans for tenth in range(start // 100_000_000, end // 100_000_000)}
    assert outages.total_s == round(len(steps) / 10, 6)


@QUICK
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 5)).map(lambda span: (span[0], sum(span)))))
def test_merged_spans_cover_the_same_and_are_disjoint(spans: list[tuple[int, int]]) -> None:
    union = merged(spans)
    covered = {point for start, end in spans for point in range(start * 2, end * 2 + 1)}
    assert {point for start, end in union for point in range(start * 2, end * 2 + 1)} == covered
    assert all(first[1] < second[0] for first, second in combinations(union, 2))


@QUICK
@given(
    st.lists(st.tuples(tenths, tenths), min_size=1, max_size=12),
    st.lists(st.tuples(tenths, st.integers(1, 5).map(lambda tenth: tenth / 10)), max_size=4),
)
def test_requests_that_overlap_a_stall_are_excused(
    requests: list[tuple[float, float]], stalls: list[tuple[float, float]]
) -> None:
    story = Story()
    for at_s, took_s in requests:
        story.request(at_s, took_s=took_s)
    for at_s, lasted_s in stalls:
        story.moment(at_s, Kind.STALL, "stall", until_s=at_s + lasted_s)
    with story.history() as history:
        judged.prepare(history)
        [(excused,)] = history.query("SELECT count(*) FROM judged WHERE excused")
    assert excused == sum(
        any(ns(start) <= ns(at_s) + ns(took_s) and ns(start + lasted) >= ns(at_s) for start, lasted in stalls)
        for at_s, took_s in requests
    )
