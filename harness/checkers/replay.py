"""What was stored and published while versions changed is read by both of them, and nothing was passed over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.checkers.evidence import lacking, seconds
from harness.history import History, Kind, Moment
from harness.scenario import Ending
from harness.verdict import EVIDENCE_RECORDS_MAX, Cell, Evidence, Status, Verdict

_COLUMNS = (
    "found_s", "step", "reader", "up", "source", "stream", "position", "type", "written_as", "written_by", "error",
)  # fmt: skip
_WRITERS = """
    SELECT store.stream, store.position, any_value(requests.version) FILTER (requests.version IS NOT NULL) AS version
    FROM store LEFT JOIN requests USING (key) GROUP BY store.stream, store.position
"""
BEFORE, AFTER = "before the first step", "after the last step"


@dataclass(frozen=True)
class Replay:
    """The old and the new version of each service that reads events were given all that the run stored and published,
    and all recordings, and read it rightly; all that was stored got published.

    Rightly: without an error, and so that both come to the same state but for what the environment ignores. Passes only
    if the last reading, when nothing was written any more, left nothing unread, and both versions had written.
    """

    name: ClassVar[str] = "replay"

    def check(self, history: History) -> Verdict:
        moments = history.moments(Kind.REPLAY)
        missing = lacking(history, self.name, "requests", "store")
        if not any(moment.detail.get("events") for moment in moments):
            return missing or Verdict(self.name, Status.UNKNOWN, "Nothing was replayed.")
        writers = {} if missing else _writers(history)
        figures = _figures(moments, writers)
        wrong = [moment for moment in moments if moment.detail.get("failed")]
        if wrong:
            first_s = seconds(_found_ns(wrong[0]))
            reason = f"{_sentence(wrong[0])} ({_step(history, wrong[0])})."
            return Verdict(self.name, Status.FAIL, reason, figures, (_evidence(history, wrong, writers),), first_s)
        if missing is not None:
            return missing
        doubts = [*_unread(history, moments), *_unwritten(history, writers)]
        if doubts:
            return Verdict(self.name, Status.UNKNOWN, f"{_begun(doubts[0])}.", figures)
        reason = f"{_listed(_readers(moments))} read all {figures['events']} events, by whichever version written."
        return Verdict(self.name, Status.PASS, _begun(reason), figures)


def _writers(history: History) -> Mapping[tuple[str, int], str]:
    """By which version each event was written, as the request tells that caused it."""
    return {(stream, position): version or "" for stream, position, version in history.query(_WRITERS)}


def _figures(moments: Sequence[Moment], writers: Mapping[tuple[str, int], str]) -> dict[str, Cell]:
    versions = sorted(set(writers.values()))
    by_version: dict[str, Cell] = {
        f"written_by_{version or 'unknown'}": sum(each == version for each in writers.values()) for version in versions
    }
    replayed = sum(_number(moment, "events") for moment in moments)
    return {"events": len(writers), "readings": len(moments), "replayed": replayed, **by_version}


def _unread(history: History, moments: Sequence[Moment]) -> Iterator[str]:
    """What the last readings left open."""
    last = [moment for moment in moments if moment.detail.get("last") is True]
    for moment in last:
        if undecided := moment.detail.get("undecided"):
            yield f"Nobody knows whether {moment.name} reads everything: {undecided}"
        waiting = _number(moment, "held") - _number(moment, "read" if "read" in moment.detail else "published")
        if waiting > 0:
            yield f"{waiting} events were not {'read by ' + moment.name if 'read' in moment.detail else moment.name}"
    done = {moment.name for moment in last}
    for reader in _readers(moments):
        if reader not in done:
            yield f"There was no last reading by {reader}, once nothing was written any more"
    for service in sorted({str(moment.detail["service"]) for moment in moments if "service" in moment.detail}):
        for version in (history.facts.old, history.facts.new):
            if f"{service} {version}" not in done:
                yield f"{service} {version} read nothing"
    for moment in moments:
        if moment.detail.get("source") not in (None, "live") and moment.detail.get("undecided"):
            source, undecided = moment.detail["source"], moment.detail["undecided"]
            yield f"Nobody knows whether {moment.name} reads {source}: {undecided}"


def _unwritten(history: History, writers: Mapping[tuple[str, int], str]) -> Iterator[str]:
    """A version that never wrote shows nothing of how others read it; one that was rolled back may not have had the
    chance."""
    versions = (history.facts.old, *((history.facts.new,) if history.facts.ending == Ending.COMPLETE else ()))
    for version in versions:
        if version not in writers.values():
            yield f"Nothing is known to be written by {version}"


def _evidence(history: History, wrong: Sequence[Moment], writers: Mapping[tuple[str, int], str]) -> Evidence:
    """Each event once for each reader, when it was first found."""
    rows: dict[tuple[Cell, ...], tuple[Cell, ...]] = {}
    for moment in wrong:
        detail = moment.detail
        stream, position = detail.get("stream"), detail.get("position")
        writer = writers.get((str(stream), position), "") if isinstance(position, int) else ""
        rows.setdefault(
            (moment.name, stream, position),
            (
                seconds(_found_ns(moment)),
                _step(history, moment),
                moment.name,
                detail.get("up"),
                detail.get("source"),
                stream,
                position,
                detail.get("type"),
                detail.get("written_as"),
                writer,
                detail.get("error"),
            ),
        )
    shown = tuple(rows.values())[:EVIDENCE_RECORDS_MAX]
    return Evidence("Events that were not read rightly, or passed over", _COLUMNS, shown, len(rows))


def _sentence(moment: Moment) -> str:
    detail = moment.detail
    kind = f"{detail['type']} of version {detail['written_as']}" if detail.get("type") else "an event"
    event = f"{kind} (stream {detail.get('stream')}, position {detail.get('position')})"
    if "service" not in detail:
        return f"{_begun(event)} was never published: {detail.get('error')}"
    return f"{_begun(moment.name)} does not read {event} rightly: {detail.get('error')}"


def _begun(text: str) -> str:
    """As a sentence begins."""
    return text[:1].upper() + text[1:]


def _step(history: History, moment: Moment) -> str:
    """In which it was found."""
    found_ns = _found_ns(moment)
    if any(ended.at_ns <= found_ns for ended in history.moments(Kind.ENDED)):
        return AFTER
    begun = [step.name for step in history.moments(Kind.STEP) if step.at_ns <= found_ns]
    return begun[-1] if begun else BEFORE


def _found_ns(moment: Moment) -> int:
    return moment.at_ns if moment.until_ns is None else moment.until_ns


def _readers(moments: Sequence[Moment]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(moment.name for moment in moments if "service" in moment.detail))


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _number(moment: Moment, key: str) -> int:
    value = moment.detail.get(key)
    return value if isinstance(value, int) else 0
