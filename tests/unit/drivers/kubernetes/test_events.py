"""Kubernetes' events as lines, and as remarks to those who listen."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from harness.drivers.kubernetes.api import Json, Namespace
from harness.drivers.kubernetes.events import Events, line_of, remark_of
from harness.protocols import Remark
from harness.waiting import until
from tests.unit.drivers.kubernetes.test_watch import FakeNamespace

EVENT: Json = {
    "metadata": {"name": "web-1.17", "creationTimestamp": "2026-01-01T10:00:00Z"},
    "lastTimestamp": "2026-01-01T10:00:05Z",
    "type": "Warning",
    "reason": "Unhealthy",
    "message": "Readiness probe failed",
    "involvedObject": {"kind": "Pod", "name": "web-1-abc"},
    "count": 3,
}


def test_an_event_is_a_line_with_what_happened_to_whom() -> None:
    told = "2026-01-01T10:00:05Z Warning Pod/web-1-abc Unhealthy: Readiness probe failed (3 times)"
    assert line_of(EVENT) == told


def test_an_event_of_the_newer_kind_has_another_time_and_no_count() -> None:
    newer = {**EVENT, "eventTime": "2026-01-01T10:00:04.123456Z", "lastTimestamp": None, "count": None}
    assert line_of(newer).startswith("2026-01-01T10:00:04.123456Z Warning")
    assert line_of(newer).endswith("Readiness probe failed")


def test_an_event_without_times_has_that_of_its_making() -> None:
    assert line_of({**EVENT, "lastTimestamp": None}).startswith("2026-01-01T10:00:00Z")


def test_a_remark_is_about_an_object_and_may_be_a_warning() -> None:
    assert remark_of(EVENT) == Remark("Unhealthy", "Pod/web-1-abc", "Readiness probe failed", True, False)
    scheduled = remark_of({**EVENT, "reason": "Scheduled", "type": "Normal"})
    assert (scheduled.warning, scheduled.routine) == (False, True)


def test_events_are_written_down_told_and_remembered(tmp_path: Path) -> None:
    namespace = FakeNamespace()
    namespace.objects = [{**EVENT, "metadata": {**EVENT["metadata"], "resourceVersion": "1"}}]
    events = Events(cast(Namespace, namespace), tmp_path / "events.log")
    heard: list[Remark] = []
    with events.noted(), events.heard_by(heard.append):
        assert heard == []  # what was said before
        newer = {**namespace.objects[0], "reason": "Killing", "message": "Stopping"}
        namespace.says.put({"type": "ADDED", "object": newer})
        assert until(lambda: len(heard) == 1, 5)
    assert heard[0].reason == "Killing"
    assert events.about("Pod", "web-1-abc") == (line_of(EVENT), line_of(newer))
    assert events.about("Pod", "web-2") == ()
    assert (tmp_path / "events.log").read_text().splitlines() == [line_of(EVENT), line_of(newer)]
