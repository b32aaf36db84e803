"""Whether all that is stored gets published, told by looking at both again and again.

An event was passed over if it was in the store for a while, is not published, and events with higher numbers are: who
publishes by number never looks back at one that was committed late.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
        due = tuple(
            Commit(number, self._since_ns[_place(event)])
            for number, event in numbered.items()
            if published_ns - self._since_ns[_place(event)] >= self._patience_ns
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
