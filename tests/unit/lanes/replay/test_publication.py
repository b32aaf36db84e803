"""Whether what is stored gets published, from looking at both again and again."""

from __future__ import annotations

from harness.lanes.replay.publication import YOUNGER_MIN, Publication
from harness.streams.event import RecordedEvent

S = 1_000_000_000


def event(position: int, number: int | None = None) -> RecordedEvent:
    metadata: dict[str, object] = {} if number is None else {"sequence": number}
    return RecordedEvent("a", position, "Moved", 1, b"{}", metadata)


EARLY, LATE, NEXT = event(1, 1), event(2, 2), event(3, 3)
"""`LATE` has number 2, but is committed after number 3."""
YOUNGER = [event(position, position) for position in range(4, 4 + YOUNGER_MIN)]


def test_a_position_that_was_committed_late_and_stays_unpublished_was_passed_over() -> None:
    publication = Publication(2.0)
    publication.look([EARLY, NEXT], 1 * S, [EARLY, NEXT], 1 * S)
    assert publication.look([EARLY, LATE, NEXT], 2 * S, [EARLY, NEXT], 2 * S).findings == ()
    soon = publication.look([EARLY, LATE, NEXT, *YOUNGER], 3 * S, [EARLY, NEXT, *YOUNGER], 3 * S)
    assert soon.findings == ()
    seen = publication.look([EARLY, LATE, NEXT, *YOUNGER], 4 * S, [EARLY, NEXT, *YOUNGER], 4 * S)
    assert [(found.stream, found.position, found.type) for found in seen.findings] == [("a", 2, "Moved")]
    assert seen.findings[0].error == "it is number 2 of the store, and was passed over: 53 is published"
    assert (seen.held, seen.published) == (53, 52)


def test_one_that_was_committed_late_and_is_published_in_the_end_was_not() -> None:
    publication = Publication(2.0)
    publication.look([EARLY, NEXT], 1 * S, [EARLY, NEXT], 1 * S)
    publication.look([EARLY, LATE, NEXT], 2 * S, [EARLY, NEXT], 2 * S)
    stored = [EARLY, LATE, NEXT, *YOUNGER]
    assert publication.look(stored, 9 * S, [EARLY, NEXT, *YOUNGER, LATE], 9 * S).findings == ()


def test_one_that_waits_for_a_transaction_while_a_few_that_began_before_that_go_out_was_not() -> None:
    publication = Publication(2.0)
    publication.look([EARLY, LATE], 1 * S, [EARLY], 1 * S)
    few = YOUNGER[:-1]
    assert publication.look([EARLY, LATE, *few], 9 * S, [EARLY, *few], 9 * S).findings == ()


def test_who_publishes_nothing_for_a_while_passes_nothing_over() -> None:
    publication = Publication(2.0)
    publication.look([EARLY, LATE], 1 * S, [EARLY], 1 * S)
    for second in range(2, 9):
        seen = publication.look([EARLY, LATE, NEXT, *YOUNGER], second * S, [EARLY], second * S)
        assert seen.findings == ()
    assert seen.waiting == 52


def test_events_without_a_number_say_nothing() -> None:
    publication = Publication(1.0)
    seen = [publication.look([event(1), event(2)], second * S, [event(2)], second * S) for second in (1, 5)]
    assert [(each.held, each.findings) for each in seen] == [(0, ()), (0, ())]
