from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from harness.replay.helper.subjects import Event, Fold, Projection, StoredEvents, subject_of


class Dog(Aggregate):
    """Version 1 of the code, as far as its events go."""

    @event("Registered")
    def __init__(self, name: str) -> None:
        self.name = name
        self.tricks: list[str] = []

    @event("TrickAdded")
    def add_trick(self, trick: str) -> None:
        self.tricks.append(trick)


def stored(dog: Dog) -> list[Event]:
    application: Application[Any] = Application()
    application.save(dog)
    notifications = application.recorder.select_notifications(start=1, limit=10)
    return [
        Event(str(each.originator_id), each.originator_version, each.topic, 1, each.state, {}) for each in notifications
    ]


def replayed(events: list[Event]) -> StoredEvents:
    subject = StoredEvents(Application)
    subject.begin("", None)
    for each in events:
        subject.apply(each)
    return subject


def test_aggregates_of_the_eventsourcing_library_are_folded() -> None:
    dog = Dog("Rex")
    dog.add_trick("roll over")
    state = replayed(stored(dog)).state()
    assert (state["name"], state["tricks"], state["_version"]) == ("Rex", ["roll over"], 2)


def test_their_snapshots_can_be_begun_with() -> None:
    dog = Dog("Rex")
    dog.add_trick("roll over")
    first, second = stored(dog)
    snapshot = replayed([first]).snapshot()
    resumed = StoredEvents(Application)
    resumed.begin("", snapshot)
    resumed.apply(second)
    assert resumed.state() == replayed([first, second]).state()


def test_an_event_of_a_later_version_that_the_library_loads_silently_is_told() -> None:
    """The library calls upcasters upwards only: the later version's event is made an instance of what there is."""
    [registered] = stored(Dog("Rex"))
    subject = replayed([registered])
    assert subject.newer() is None
    later = Event(
        registered.stream, 1, registered.type, 2, registered.data.replace(b'"name"', b'"class_version":2,"name"'), {}
    )
    subject.begin("", None)
    subject.apply(later)
    assert subject.newer() == 1
    assert subject.state()["name"] == "Rex"


class Model:
    def __init__(self, store: object) -> None:
        self.batches: list[int] = []

    def apply(self, events: list[Event]) -> None:
        self.batches.append(len(events))

    def rows(self) -> object:
        return self.batches


def test_a_projection_gets_what_came_between_two_flushes_as_a_batch() -> None:
    projection = subject_of(Model)
    assert isinstance(projection, Projection)
    projection.begin("", None)
    each = Event(str(uuid4()), 1, "t", 1, {}, {})
    for count in (2, 0, 3):
        for _ in range(count):
            projection.apply(each)
        projection.flush()
    assert projection.state() == [2, 3]


def test_each_kind_of_object_is_told_apart() -> None:
    assert isinstance(subject_of(lambda state, _: state), Fold)
    assert isinstance(subject_of(Application), StoredEvents)
    assert isinstance(subject_of(Application()), StoredEvents)
    with pytest.raises(TypeError, match="is neither a fold nor an application nor a projection"):
        subject_of(5)
