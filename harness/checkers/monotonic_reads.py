"""Reads go forward: what was once seen is not unseen again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.checkers.evidence import first_time_s, lacking, records
from harness.history import History
from harness.verdict import Status, Verdict

_READS = """
    SELECT operation, stream, position, sent_ns, done_ns, version, instance FROM requests
    WHERE outcome = 'ok' AND stream IS NOT NULL AND position IS NOT NULL AND sent_ns IS NOT NULL
        AND operation NOT IN (SELECT operation FROM operations WHERE writes)
"""
# Recorded times are rounded, so only strictly earlier is certainly before.
_COMPARED = """
    WITH seen AS (
        SELECT operation, stream, done_ns,
            max(position) OVER (PARTITION BY operation, stream ORDER BY done_ns) AS position_before
        FROM reads
    )
    SELECT reads.*, seen.position_before, seen.done_ns AS done_before_ns
    FROM reads ASOF JOIN seen
        ON reads.operation = seen.operation AND reads.stream = seen.stream AND reads.sent_ns > seen.done_ns
"""
_BACKWARDS = """
    SELECT sent_ns, operation, stream, position_before, position, version, instance, done_before_ns
    FROM compared_reads WHERE position < position_before
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
        history.prepare("compared_reads", _COMPARED)
        chosen = "true" if not self.operations else "operation IN (SELECT unnest($operations))"
        params = {"operations": list(self.operations)} if self.operations else None
        by_operation = f"SELECT operation, count(*) FROM compared_reads WHERE {chosen} GROUP BY ALL ORDER BY ALL"
        counts = history.query(by_operation, params)
        compared = {str(operation): int(number) for operation, number in counts}
        figures = {f"compared_{operation}": number for operation, number in compared.items()}
        unread = [operation for operation in self.operations if operation not in compared]
        if unread or not compared:
            what = f"the operation {unread[0]!r}" if unread else "any operation"
            reason = f"No two reads of one stream by {what} followed each other, so none could go back."
            return Verdict(self.name, Status.UNKNOWN, reason, figures)
        back = records(
            history,
            "Reads that showed less than an earlier one",
            f"SELECT * FROM ({_BACKWARDS}) WHERE {chosen}",
            order="sent_ns",
            params=params,
        )
        figures["backwards"] = back.total
        if back.total:
            reason = f"{back.total} of {sum(compared.values())} reads showed less than one that was answered before."
            return Verdict(self.name, Status.FAIL, reason, figures, (back,), first_time_s(back))
        return Verdict(self.name, Status.PASS, f"None of {sum(compared.values())} reads went back.", figures)
