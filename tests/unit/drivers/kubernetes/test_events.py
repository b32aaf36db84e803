"""Kubernetes' events as lines."""

from __future__ import annotations

from harness.drivers.kubernetes.api import Json
from harness.drivers.kubernetes.events import line_of

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
