"""A watch tells everything, also what it missed."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import cast

import pytest

from harness.drivers.kubernetes.api import Json, Kind, Namespace, Refused, Stop
from harness.drivers.kubernetes.watch import watching
from harness.errors import HarnessError
from harness.waiting import until


def named(name: str, version: str = "1") -> Json:
    return {"metadata": {"name": name, "resourceVersion": version}}


class FakeNamespace:
    """An API server that says what a test makes it say: an event, an error, or the end of the stream (None)."""

    name = "fake"

    def __init__(self) -> None:
        self.objects: list[Json] = []
        self.says: queue.Queue[Json | HarnessError | None] = queue.Queue()
        self.asked_from: list[str] = []

    def all_of(self, kind: Kind) -> tuple[list[Json], str]:
        return self.objects, "list"

    def watch(self, kind: Kind, version: str, stop: Stop) -> Iterator[Json]:
        self.asked_from.append(version)
        while not stop.is_set:
            try:
                said = self.says.get(timeout=0.01)
            except queue.Empty:
                continue
            if isinstance(said, HarnessError):
                raise said
            if said is None:
                return
            yield said


class Listener:
    def __init__(self) -> None:
        self.told: list[str] = []
        self.lost: list[str] = []

    def tell(self, document: Json) -> None:
        self.told.append(document["metadata"]["name"])

    def lose(self, name: str) -> None:
        self.lost.append(name)


@pytest.fixture
def namespace() -> FakeNamespace:
    return FakeNamespace()


@pytest.fixture
def listener() -> Listener:
    return Listener()


def as_namespace(fake: FakeNamespace) -> Namespace:
    return cast(Namespace, fake)


def test_what_is_there_is_told_at_once(namespace: FakeNamespace, listener: Listener) -> None:
    namespace.objects = [named("a"), named("b")]
    with watching(as_namespace(namespace), "pods", listener.tell, listener.lose):
        assert listener.told == ["a", "b"]


def test_changes_are_told_and_what_is_deleted_is_lost(namespace: FakeNamespace, listener: Listener) -> None:
    with watching(as_namespace(namespace), "pods", listener.tell, listener.lose):
        namespace.says.put({"type": "ADDED", "object": named("a")})
        namespace.says.put({"type": "DELETED", "object": named("a")})
        assert until(lambda: bool(listener.lost), 5)
    assert (listener.told, listener.lost) == (["a", "a"], ["a"])


def test_a_watch_that_ends_goes_on_where_it_was(namespace: FakeNamespace, listener: Listener) -> None:
    with watching(as_namespace(namespace), "pods", listener.tell, listener.lose):
        namespace.says.put({"type": "ADDED", "object": named("a", "17")})
        namespace.says.put(None)
        assert until(lambda: len(namespace.asked_from) == 2, 5)
    assert namespace.asked_from == ["list", "17"]
    assert listener.told == ["a"]


def test_what_was_missed_is_told_after_an_error(namespace: FakeNamespace, listener: Listener) -> None:
    namespace.objects = [named("a")]
    with watching(as_namespace(namespace), "pods", listener.tell, listener.lose):
        namespace.objects = [named("b")]
        namespace.says.put(Refused("too old resource version", 410))
        assert until(lambda: bool(listener.lost), 5)
        assert until(lambda: "b" in listener.told, 5)
    assert listener.lost == ["a"]


def test_an_api_server_that_does_not_answer_at_first_is_an_error(listener: Listener) -> None:
    class Silent(FakeNamespace):
        def all_of(self, kind: Kind) -> tuple[list[Json], str]:
            raise HarnessError("nobody there")

    with pytest.raises(HarnessError, match="nobody there"), watching(as_namespace(Silent()), "pods", listener.tell):
        pass


def test_no_thread_is_left(namespace: FakeNamespace, listener: Listener) -> None:
    before = threading.active_count()
    with watching(as_namespace(namespace), "pods", listener.tell, listener.lose):
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
