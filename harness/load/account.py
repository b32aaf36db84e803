"""What a load tells of a worker on another machine, whose records came from far and by a clock of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.verdict import Cell


@dataclass(frozen=True)
class WorkerAccount:
    """What is known of one worker's records."""

    name: str
    requests: int
    offset_ns: int
    """What the harness's clock showed more than the worker's, when the load began."""
    drift_ns: int
    """By how much that had grown at the end."""
    bound_ns: int
    """The largest error of a recorded time against the harness's clock."""
    collected_s: float
    """From when the worker was known to have ended to when all that it recorded was here."""
    trouble: str
    """Why its records are not all here, or their times not to be relied on; "" if they are."""

    @property
    def whole(self) -> bool:
        return not self.trouble

    def detail(self) -> Mapping[str, Cell]:
        """For a moment of the kind WORKER."""
        return {
            "whole": self.whole,
            "requests": self.requests,
            "offset_ns": self.offset_ns,
            "drift_ns": self.drift_ns,
            "bound_ns": self.bound_ns,
            "collected_s": round(self.collected_s, 3),
            "trouble": self.trouble,
        }
