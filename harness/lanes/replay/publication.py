"""Whether all that is stored gets published, told by looking at both again and again.

An event was passed over if it was in the store for a while, is not published, and many are that came into the store
after it: who publishes by number never looks back at one that was committed late. Many, because a publisher that
rightly waits for transactions that still run may be ahead with those that began before them: as many as run at a time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from harness.lanes.replay.findings import Finding
from harness.replay.properties.late_commits import Commit, LateCommits, Reading
from harness.streams.event import SEQUENCE, RecordedEvent


@dataclass(frozen=True)
class Published:
    """`waiting` are stored and not published yet; `findings` those that were passed over."""

    held: int
    published: int
    findings: tuple[Finding, ...]

    @property
    def waiting(self) -> int:
        return self.held - self.published


YOUNGER_MIN: Final = 50
"""So many younger events must be published."""


class Publication:
    def __init__(self, unpublished_s_max: float) -> None:
        self._patience_ns = round(unpublished_s_max * 1e9)
        self._since_ns: dict[tuple[str, int], int] = {}
        """When an event was known to be in the store, for the first time."""

    def look(
        self, stored: Sequence[RecordedEvent], stored_ns: int, published: Sequence[RecordedEvent], published_ns: int
    ) -> Published:
        """`stored` had been read at `stored_ns`, and only after that, from `published_ns` on, was `published`."""
        numbered = {number: event for event in stored if isinstance(number := event.metadata.get(SEQUENCE), int)}
        for event in numbered.values():
            self._since_ns.setdefault(_place(event), stored_ns)
        seen = {_place(event) for event in published}
        taken = frozenset(number for number, event in numbered.items() if _place(event) in seen)
        since_ns = {number: self._since_ns[_place(event)] for number, event in numbered.items()}
        out_ns = sorted(since_ns[number] for number in taken)
        due = tuple(
            Commit(number, at_ns)
            for number, at_ns in since_ns.items()
            if published_ns - at_ns >= self._patience_ns and len(out_ns) - bisect_right(out_ns, at_ns) >= YOUNGER_MIN
        )
        reading = Reading("published", due, taken, max(taken, default=0), calm=False)
        findings = tuple(
            _passed_over(numbered[number], number, reading.checkpoint)
            for _, number, *_ in LateCommits().violations(reading)
            if isinstance(number, int)
        )
        return Published(len(numbered), len(taken), findings)


def _place(event: RecordedEvent) -> tuple[str, int]:
    return event.stream, event.position


def _passed_over(event: RecordedEvent, number: int, checkpoint: int) -> Finding:
    error = f"it is number {number} of the store, and was passed over: {checkpoint} is published"
    return Finding(event.stream, event.position, event.type, event.version, error)
