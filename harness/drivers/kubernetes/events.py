"""What Kubernetes says of what it does in a namespace, written down as it says it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.drivers.kubernetes.api import Json, Namespace
from harness.drivers.kubernetes.watch import watching


@contextmanager
def noting_events(namespace: Namespace, log: Path) -> Iterator[None]:
    """Every event of the namespace becomes a line of the log."""

    def note(event: Json) -> None:
        with log.open("a") as file:
            file.write(line_of(event) + "\n")

    with watching(namespace, "events", note):
        yield


def line_of(event: Json) -> str:
    """When, how bad, of what, and what; with how often, where that is more than once."""
    at = event.get("eventTime") or event.get("lastTimestamp") or event["metadata"]["creationTimestamp"]
    about = event["involvedObject"]
    times = f" ({event['count']} times)" if event.get("count", 1) and event.get("count", 1) > 1 else ""
    return f"{at} {event['type']:<7} {about['kind']}/{about['name']} {event['reason']}: {event['message']}{times}"
