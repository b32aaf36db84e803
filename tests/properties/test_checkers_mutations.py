"""One thing is changed in a good run: the checkers that are about it fail, and no other does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.checkers.duplicates import Duplicates
from harness.checkers.gaps import Gaps
from harness.checkers.lost_events import LostEvents
from harness.checkers.money import Money
from harness.checkers.monotonic_reads import MonotonicReads
from harness.checkers.order import Order
from harness.checkers.phantoms import Phantoms
from harness.checkers.projection import Projection
from harness.protocols import Checker
from harness.verdict import Status
from tests.histories.build import Request, Story
from tests.histories.runs import good_run

CHECKERS: tuple[Checker, ...] = (
    Duplicates(), Gaps(), LostEvents(), Money(), MonotonicReads(), Order(), Phantoms(), Projection(),
)  # fmt: skip
QUICK = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])

Mutation = Callable[[Story, Random], set[str]]
"""Spoils the story and says which checkers must fail."""


def small_run(seed: int) -> Story:
    return good_run(seed, rate_per_s=20, lasts_s=3.0, accounts=4)


def failing(story: Story) -> set[str]:
    with story.history() as history:
        return {checker.name for checker in CHECKERS if checker.check(history).status is Status.FAIL}


def transfers(story: Story) -> list[Request]:
    return [request for request in story.requests or () if request.operation == "transfer"]


def drop_effect(story: Story, random: Random) -> set[str]:
    """The last transfer was acknowledged, and nothing of it was kept anywhere."""
    assert story.requests
    assert story.store
    assert story.consumed
    assert story.projection
    lost = transfers(story)[-1]
    kept = [event for event in story.store if event.key != lost.key]
    story.store = kept
    story.consumed = [seen for seen in story.consumed if seen.key != lost.key]
    story.projection = [
        shown._replace(
            value=sum(event.amount for event in kept if event.stream == shown.stream),
            position=max(event.position for event in kept if event.stream == shown.stream),
        )
        for shown in story.projection
    ]
    # Nobody read it either: what a lost write leaves behind for readers is another checker's business.
    story.requests = [request for request in story.requests if request.sent_ns <= lost.sent_ns]  # type: ignore[operator]
    return {"lost-events"}


def drop_stored(story: Story, random: Random) -> set[str]:
    """One leg of a transfer, not the last event of its stream, vanished from the store alone."""
    assert story.store
    last = {event.stream: event.position for event in story.store}
    inner = [event for event in story.store if event.type != "Opened" and event.position < last[event.stream]]
    story.store.remove(random.choice(inner))
    return {"gaps", "money", "phantoms", "projection"}


def drop_seen(story: Story, random: Random) -> set[str]:
    """Consumers missed one leg of a transfer."""
    assert story.consumed
    story.consumed.remove(random.choice([seen for seen in story.consumed if seen.type != "Opened"]))
    return {"gaps"}


def drop_all_seen(story: Story, random: Random) -> set[str]:
    """Consumers missed all of a transfer."""
    assert story.consumed
    missed = random.choice(transfers(story)).key
    story.consumed = [seen for seen in story.consumed if seen.key != missed]
    return {"gaps", "lost-events"}


def repeat_transfer(story: Story, random: Random) -> set[str]:
    """A transfer took effect a second time, with all that follows from it."""
    assert story.store
    assert story.consumed
    assert story.projection
    again = random.choice(transfers(story)).key
    positions = Counter(event.stream for event in story.store)
    for event in [event for event in story.store if event.key == again]:
        positions[event.stream] += 1
        story.event(event.stream, positions[event.stream], key=again, type=event.type, amount=event.amount)
        story.projection = [
            shown._replace(value=shown.value + event.amount, position=shown.position + 1)
            if shown.stream == event.stream
            else shown
            for shown in story.projection
        ]
    return {"duplicates"}


def publish_again(story: Story, random: Random) -> set[str]:
    assert story.consumed
    again = random.choice(story.consumed)
    story.consumed.append(again._replace(broker_sequence=len(story.consumed) + 1))
    return {"duplicates"}


def swap_published(story: Story, random: Random) -> set[str]:
    """Two events of one stream that follow each other were published the other way round."""
    assert story.consumed
    of_stream = [seen for seen in story.consumed if seen.stream == "account-1"]
    index = random.randrange(len(of_stream) - 1)
    first, second = of_stream[index], of_stream[index + 1]
    swapped = {first: second, second: first}
    story.consumed = [
        swapped.get(seen, seen)._replace(broker_sequence=seen.broker_sequence, seen_ns=seen.seen_ns)
        for seen in story.consumed
    ]
    return {"order"}


def invent(story: Story, random: Random) -> set[str]:
    """An event of an operation that nobody asked for, without an amount, everywhere."""
    assert story.store
    assert story.projection
    stream = random.choice([event.stream for event in story.store])
    position = 1 + sum(event.stream == stream for event in story.store)
    story.event(stream, position, key=999_999, type="Invented")
    story.projection = [
        shown._replace(position=position) if shown.stream == stream else shown for shown in story.projection
    ]
    return {"phantoms"}


def refuse(story: Story, random: Random) -> set[str]:
    """The client was told that its transfer had been refused."""
    assert story.requests
    index = story.requests.index(random.choice(transfers(story)))
    story.requests[index] = story.requests[index]._replace(outcome="fail", error="refused", status=409)
    return {"phantoms"}


def skim(story: Story, random: Random) -> set[str]:
    """A transfer gave a little less than it took; the read model shows the same."""
    assert story.store
    assert story.projection
    index = story.store.index(random.choice([event for event in story.store if event.type == "Received"]))
    event = story.store[index]
    story.store[index] = event._replace(amount=event.amount - 1)
    story.projection = [
        shown._replace(value=shown.value - 1) if shown.stream == event.stream else shown for shown in story.projection
    ]
    return {"money"}


def misproject(story: Story, random: Random) -> set[str]:
    assert story.projection
    index = random.randrange(len(story.projection))
    shown = story.projection[index]
    story.projection[index] = random.choice(
        (shown._replace(value=shown.value + 7), shown._replace(position=shown.position - 1))
    )
    return {"projection"}


def read_back(story: Story, random: Random) -> set[str]:
    """A read shows one event less than the same operation had shown of the same account before."""
    assert story.requests
    shown: dict[tuple[str, int | None], int] = {}
    later: list[int] = []
    for index, request in enumerate(story.requests):
        if request.operation in {"account", "balance"}:
            assert request.position is not None
            if (request.operation, request.stream) in shown:
                later.append(index)
            shown[request.operation, request.stream] = request.position
    index = random.choice(later)
    read = story.requests[index]
    before = max(
        request.position or 0
        for request in story.requests[:index]
        if (request.operation, request.stream) == (read.operation, read.stream)
    )
    story.requests[index] = read._replace(position=before - 1)
    return {"monotonic-reads"}


MUTATIONS: tuple[Mutation, ...] = (
    drop_effect, drop_stored, drop_seen, drop_all_seen, repeat_transfer, publish_again, swap_published, invent, refuse,
    skim, misproject, read_back,
)  # fmt: skip


def name_of(mutation: Mutation) -> str:
    return getattr(mutation, "__name__", str(mutation))


def test_every_checker_of_events_is_meant_by_some_mutation() -> None:
    meant = {name for mutation in MUTATIONS for name in mutation(small_run(1), Random(1))}
    assert meant == {checker.name for checker in CHECKERS}


@QUICK
@given(seed=st.integers(0, 2**32))
def test_a_good_run_holds(seed: int) -> None:
    with small_run(seed).history() as history:
        for checker in CHECKERS:
            verdict = checker.check(history)
            assert verdict.status is Status.PASS, verdict


@pytest.mark.parametrize("mutation", MUTATIONS, ids=name_of)
@QUICK
@given(seed=st.integers(0, 2**32))
def test_the_right_checkers_fail_and_no_other(mutation: Mutation, seed: int) -> None:
    story = small_run(seed)
    expected = mutation(story, Random(seed))
    assert failing(story) == expected
