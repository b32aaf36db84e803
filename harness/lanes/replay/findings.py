"""What one stream shows of the old and the new version: events that one cannot read, and states that differ.

Judged by the properties of harness/replay, which know nothing of deployments.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.replay.compare import Ignored
from harness.replay.outcome import Outcome
from harness.replay.properties.readable import Readable, Replayed
from harness.replay.properties.rollback import Return, Rollback
from harness.replay.properties.same_state import Pair, SameState
from harness.scenario import Change
from harness.verdict import Cell


@dataclass(frozen=True)
class Finding:
    """An event that was not read rightly. `position` is None where it is not known which of the stream it is."""

    stream: str
    position: int | None
    type: str
    written_as: int | None
    error: str

    def detail(self) -> Mapping[str, Cell]:
        return {
            "stream": self.stream,
            "position": self.position,
            "type": self.type,
            "written_as": self.written_as,
            "error": self.error,
        }

    def __str__(self) -> str:
        kind = f"{self.type} of version {self.written_as}" if self.type else "an event"
        return f"{kind} (stream {self.stream}, position {self.position}): {self.error}"


@dataclass(frozen=True)
class Judged:
    """One stream in one version. `failed` counts all findings, of which the first are kept; `undecided` says why nobody
    knows, if nobody does. `differs`: it is not known which event the finding is about."""

    findings: tuple[Finding, ...] = ()
    failed: int = 0
    undecided: str = ""
    differs: bool = False


def judge_old(change: Change, old: Outcome, new: Outcome | None, ignored: Ignored) -> Judged:
    """The old version must read what the new one wrote: as long as both run, and after a rollback.

    An event that it reads although it was written by a later version was understood if the state says so.
    """
    property_, case = Rollback(ignored), Return(change.old, old, new)
    return _judged(
        tuple(_findings(property_.violations(case))), property_.more(case), property_.undecided(case), differs=False
    )


def judge_new(change: Change, new: Outcome, old: Outcome | None, ignored: Ignored) -> Judged:
    """The new version must read all history, and come to the state that the old one comes to."""
    property_, case = Readable(), Replayed(change.new, new)
    judged = _judged(
        tuple(_findings(property_.violations(case))), property_.more(case), property_.undecided(case), differs=False
    )
    if judged.failed or judged.undecided or old is None or not old.comparable or old.newer_total:
        return judged
    differing = SameState(ignored).violations(Pair(change.old, change.new, (old, new)))
    found = tuple(
        Finding(new.unit, None, "", None, f"the state differs at {pointer or 'its root'}: {second}, not {first}")
        for _, pointer, _, first, _, second, *_ in differing
    )
    return _judged(found, 0, "", differs=True)


def _findings(records: Iterator[tuple[Cell, ...]]) -> Iterator[Finding]:
    """Of the columns that both properties begin with."""
    for _, stream, position, kind, version, error, *_ in records:
        yield Finding(
            str(stream),
            position if isinstance(position, int) else None,
            str(kind),
            version if isinstance(version, int) else None,
            str(error),
        )


def _judged(found: tuple[Finding, ...], more: int, undecided: str, *, differs: bool) -> Judged:
    return Judged(found, len(found) + more, "" if found else undecided, differs and bool(found))
