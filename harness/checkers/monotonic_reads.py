"""Reads go forward: what was once seen is not unseen again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.checkers.evidence import first_time_s, lacking, records
from harness.history import History
from harness.verdict import Status, Verdict

_READS = """
    WITH chosen AS (
        SELECT row, operation, stream, position, sent_ns, done_ns FROM requests
        WHERE outcome = 'ok' AND stream IS NOT NULL AND position IS NOT NULL AND sent_ns IS NOT NULL
            AND operation NOT IN (SELECT operation FROM operations WHERE writes)
    ), numbers AS (
        SELECT operation, row_number() OVER () AS number FROM (SELECT DISTINCT operation FROM chosen)
    )
    SELECT row, operation, number * 1_000_000_000_000 + stream AS series, position, sent_ns, done_ns
    FROM chosen JOIN numbers USING (operation)
"""
# Reads that could be compared: another one of their series had been answered when they were sent. Recorded times are
# rounded, so only strictly earlier is certainly before; and of two machines, only what their clocks leave no doubt of.
_COMPARED = """
    WITH firsts AS (SELECT series, min(done_ns) AS first_done_ns FROM reads GROUP BY series)
    SELECT operation, count(*) FROM reads JOIN firsts USING (series) WHERE sent_ns > first_done_ns + $error_ns
    GROUP BY operation ORDER BY operation
"""
# What was answered before a read was sent, had been sent before it too. So only reads that show less than some read
# that was sent earlier, which are few, have to be held against the furthest of those that were answered.
_BACKWARDS = """
    WITH ahead AS (
        SELECT *, max(position) OVER (PARTITION BY series ORDER BY sent_ns) AS position_sent_before FROM reads
    ), suspects AS (
        SELECT * FROM ahead WHERE position < position_sent_before
    ), seen AS (
        SELECT series, done_ns, done_ns + $error_ns AS surely_done_ns,
            max(position) OVER (PARTITION BY series ORDER BY done_ns) AS position_before
        FROM reads SEMI JOIN suspects USING (series)
    )
    SELECT suspects.row, suspects.sent_ns, suspects.position, seen.position_before, seen.done_ns AS done_before_ns
    FROM suspects ASOF JOIN seen ON suspects.series = seen.series AND suspects.sent_ns > seen.surely_done_ns
    WHERE suspects.position < seen.position_before
"""
_EVIDENCE = """
    SELECT backwards.sent_ns, operation, stream, position_before, backwards.position, version, instance, done_before_ns
    FROM backwards JOIN requests USING (row)
"""


@dataclass(frozen=True)
class MonotonicReads:
    """A read that is sent after another one of its stream was answered shows no earlier position, whoever asks.

    Each operation is held against itself only: a read model may be behind a read of the events, but not behind
    itself. `operations`: those to judge; none named means all that read.
    """

    name: ClassVar[str] = "monotonic-reads"
    operations: tuple[str, ...] = ()

    def check(self, history: History) -> Verdict:
        missing = lacking(history, self.name, "requests")
        if missing is not None:
            return missing
        history.prepare("reads", _READS)
        history.prepare("backwards", _BACKWARDS, {"error_ns": history.clock_error_ns})
        found = {
            str(operation): int(number)
            for operation, number in history.query(_COMPARED, {"error_ns": history.clock_error_ns})
        }
        compared = {name: found.get(name, 0) for name in self.operations} if self.operations else found
        figures = {f"compared_{operation}": number for operation, number in compared.items()}
        unread = [operation for operation, number in compared.items() if not number]
        if unread or not compared:
            what = f"the operation {unread[0]!r}" if unread else "any operation"
            reason = f"No two reads of one stream by {what} followed each other, so none could go back."
            return Verdict(self.name, Status.UNKNOWN, reason, figures)
        back = records(
            history,
            "Reads that showed less than an earlier one",
            f"{_EVIDENCE} WHERE operation IN (SELECT unnest($compared))",
            order="sent_ns",
            params={"compared": list(compared)},
        )
        figures["backwards"] = back.total
        if back.total:
            reason = f"{back.total} of {sum(compared.values())} reads showed less than one that was answered before."
            return Verdict(self.name, Status.FAIL, reason, figures, (back,), first_time_s(back))
        return Verdict(self.name, Status.PASS, f"None of {sum(compared.values())} reads went back.", figures)
