"""What came of one unit in one version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from harness.replay.wire import Effect, Newer

KEPT_MAX: Final = 10
"""Failures and the like that are kept of a unit; the rest is counted."""
EXCERPT_MAX: Final = 300
ERROR_MAX: Final = 1_000
"""Characters of an error that are kept: some quote the event, which may be long."""


@dataclass(frozen=True)
class Failure:
    """An event that a version could not take. `crashed`: the process ended, or had to be ended.

    `event` is the beginning of its line; `position` and `event` are none where it was no event that failed.
    """

    stream: str
    position: int | None
    type: str
    version: int | None
    event: str
    error: str
    crashed: bool = False
    stderr: str = ""
    """The last lines that the process wrote, where it crashed."""


@dataclass(frozen=True)
class Outcome:
    """`state` and `snapshot` are JSON. Without a state `unstated` says why."""

    unit: str
    events: int
    state: bytes | None
    unstated: str = ""
    snapshot: bytes | None = None
    failures: tuple[Failure, ...] = ()
    failures_total: int = 0
    newer: tuple[Newer, ...] = ()
    newer_total: int = 0
    effects: tuple[Effect, ...] = ()
    judged: bool = True
    """False: the version was given up before this unit."""

    @property
    def comparable(self) -> bool:
        """The state is that of all events of the unit."""
        return self.judged and self.state is not None and not self.failures_total
