"""What is said of each anomaly that was looked for: in a sentence, in figures, and with the messages that show it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from harness.consistency.streams.anomalies import ANOMALIES, BY_NAME, Anomaly, Case, Promises
from harness.consistency.streams.found import Found
from harness.consistency.streams.messages import LIMITS, Act, Fate, Messages
from harness.consistency.streams.sorting import Ints
from harness.errors import InvalidInput
from harness.toml_reader import nearest
from harness.verdict import EVIDENCE_RECORDS_MAX, Cell, Evidence, Status, Verdict

NO_PROMISES = Promises()
_COLUMNS = ("ended_s", "process", "operation", "act", "stream", "offset", "value", "outcome", "version")


def judge(messages: Messages, names: Iterable[str] = (), promises: Promises = NO_PROMISES) -> Iterator[Verdict]:
    """A verdict for each anomaly that every system must be free of, and those that are named.

    Raises InvalidInput for a name that is none.
    """
    asked = set(names)
    require_known(asked)
    case = Case(messages, promises)
    chosen = [anomaly for anomaly in ANOMALIES if anomaly.name in asked or not anomaly.asked_for]
    with ThreadPoolExecutor(LIMITS.threads) as pool:  # numpy works without holding the interpreter
        case.prepare(pool)
        for anomaly, found in zip(chosen, pool.map(lambda each: each.find(case), chosen), strict=True):
            if anomaly.name in asked or found.compared or not anomaly.of_batches:
                yield verdict(anomaly, found, messages)


def require_known(names: Iterable[str]) -> None:
    """Raises InvalidInput for a name that is no anomaly."""
    for name in names:
        if name not in BY_NAME:
            raise InvalidInput(f"no anomaly {name!r}; {nearest(name, BY_NAME)}")


def judge_one(messages: Messages, name: str, promises: Promises = NO_PROMISES) -> Verdict:
    return verdict(BY_NAME[name], BY_NAME[name].find(Case(messages, promises)), messages)


def verdict(anomaly: Anomaly, found: Found, messages: Messages) -> Verdict:
    figures = {"compared": found.compared, "found": found.total, "doubtful": found.doubtful, **found.figures}
    if found.total:
        first = int(found.rows[_earliest(messages.end_ns[found.rows], 1)[0]])
        number = f"{found.total:,} of {found.compared:,} {anomaly.among} {anomaly.wrong}"
        return Verdict(
            anomaly.name,
            Status.FAIL,
            f"{anomaly.claim} But {number}; first {_described(messages, first)}.",
            figures,
            (_records(anomaly, found, messages),),
            _seconds(messages, int(messages.end_ns[first])) if messages.timed else None,
        )
    if found.doubtful:
        reason = f"Of {found.compared:,} {anomaly.among} it is not known of {found.doubtful:,} whether they"
        return Verdict(anomaly.name, Status.UNKNOWN, f"{reason} {anomaly.wrong}: {found.doubt}.", figures)
    if not found.compared:
        return Verdict(anomaly.name, Status.UNKNOWN, f"Nothing to judge by: there are no {anomaly.among}.", figures)
    return Verdict(
        anomaly.name, Status.PASS, f"{anomaly.claim} None of {found.compared:,} {anomaly.among} breaks this.", figures
    )


def _records(anomaly: Anomaly, found: Found, messages: Messages) -> Evidence:
    """The earliest, by when they ended."""
    chosen = _earliest(messages.end_ns[found.rows], EVIDENCE_RECORDS_MAX)
    columns: tuple[str, ...] = _COLUMNS
    records = [_record(messages, int(row)) for row in found.rows[chosen]]
    if found.others is not None:
        columns += tuple(f"other_{column}" for column in _COLUMNS)
        others = [_record(messages, int(row)) for row in found.others[chosen]]
        records = [(*record, *other) for record, other in zip(records, others, strict=True)]
    return Evidence(f"{anomaly.among.capitalize()} that {anomaly.wrong}", columns, tuple(records), found.total)


def _earliest(ended_ns: Ints, count: int) -> Ints:
    """Which of them, in order."""
    if len(ended_ns) <= count:
        return np.argsort(ended_ns, kind="stable")
    nearest_ones = np.argpartition(ended_ns, count)[:count]
    return nearest_ones[np.argsort(ended_ns[nearest_ones], kind="stable")]


def _record(messages: Messages, row: int) -> tuple[Cell, ...]:
    return (
        _seconds(messages, int(messages.end_ns[row])) if messages.timed else None,
        messages.shown("process", row),
        int(messages.operation[row]),
        Act(messages.act[row]).name.lower(),
        messages.shown("stream", row),
        int(messages.offset[row]) if messages.located[row] else None,
        messages.shown("value", row) if messages.valued[row] else None,
        Fate(messages.fate[row]).name.lower(),
        messages.shown("version", row),
    )


def _described(messages: Messages, row: int) -> str:
    where = f" at offset {messages.offset[row]}" if messages.located[row] else ""
    did = {Act.SEND: "sent", Act.POLL: "received"}[Act(messages.act[row])]
    outcome = {Fate.OK: "", Fate.FAIL: " in vain", Fate.INDETERMINATE: " perhaps"}[Fate(messages.fate[row])]
    when = f" at {_seconds(messages, int(messages.end_ns[row])):.3f} s" if messages.timed else ""
    value, stream, process = (messages.shown(column, row) for column in ("value", "stream", "process"))
    version = messages.shown("version", row)
    served = "" if version is None else f" from version {version}" if did == "received" else f" to version {version}"
    return f"{value} of stream {stream}{where},{outcome} {did} by process {process}{when}{served}"


def _seconds(messages: Messages, at_ns: int) -> float:
    return round((at_ns - messages.origin_ns) / 1e9, 6)
