"""What Kubernetes says of what it does in a namespace: written down, and told, as it says it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.drivers.kubernetes.api import Json, Namespace
from harness.drivers.kubernetes.watch import watching
from harness.protocols import Remark

ROUTINE = frozenset(
    {"Scheduled", "Pulling", "Pulled", "Created", "Started", "SuccessfulCreate", "SuccessfulDelete", "NoPods"}
)
"""What is said of every pod that is started."""
KEPT = 1000
"""So many are remembered, to be told with what is wrong with an object."""


class Events:
    """Every event of the namespace becomes a line of the log, and is told to all who listen."""

    def __init__(self, namespace: Namespace, log: Path) -> None:
        self._namespace = namespace
        self._log = log
        self._lock = threading.Lock()
        self._listeners: list[Callable[[Remark], object]] = []
        self._lines: deque[tuple[str, str]] = deque(maxlen=KEPT)

    @contextmanager
    def noted(self) -> Iterator[None]:
        """As long as this lasts. Raises HarnessError if the events cannot be watched."""
        with watching(self._namespace, "events", self._note):
            yield

    @contextmanager
    def heard_by(self, hear: Callable[[Remark], object]) -> Iterator[None]:
        """As long as this lasts, by the thread that watches."""
        with self._lock:
            self._listeners.append(hear)
        try:
            yield
        finally:
            with self._lock:
                self._listeners.remove(hear)

    def about(self, kind: str, name: str) -> tuple[str, ...]:
        """What was said of that object, as lines of the log."""
        with self._lock:
            return tuple(line for about, line in self._lines if about == f"{kind}/{name}")

    def _note(self, event: Json) -> None:
        remark, line = remark_of(event), line_of(event)
        with self._log.open("a") as log:
            log.write(line + "\n")
        with self._lock:
            self._lines.append((remark.about, line))
            for hear in self._listeners:
                hear(remark)


def remark_of(event: Json) -> Remark:
    about = event["involvedObject"]
    return Remark(
        reason=event["reason"],
        about=f"{about['kind']}/{about['name']}",
        text=event.get("message") or "",
        warning=event["type"] == "Warning",
        routine=event["reason"] in ROUTINE,
    )


def line_of(event: Json) -> str:
    """When, how bad, of what, and what; with how often, where that is more than once."""
    at = event.get("eventTime") or event.get("lastTimestamp") or event["metadata"]["creationTimestamp"]
    about = event["involvedObject"]
    times = f" ({event['count']} times)" if event.get("count", 1) and event.get("count", 1) > 1 else ""
    return f"{at} {event['type']:<7} {about['kind']}/{about['name']} {event['reason']}: {event.get('message')}{times}"
