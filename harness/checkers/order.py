"""The events of a stream are published in their order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.checkers.evidence import first_time_s, lacking, records
from harness.history import History
from harness.verdict import Status, Verdict

# An event counts by its first publication: one that is published again later is a duplicate, which another checker
# judges. Most streams never go back, not even so, and need not be looked at again.
_BACKWARDS = """
    WITH steps AS (
        SELECT stream, position < lag(position) OVER (PARTITION BY stream ORDER BY broker_sequence) AS goes_back
        FROM consumed
    ), suspects AS (
        SELECT DISTINCT stream FROM steps WHERE goes_back
    ), published AS (
        SELECT stream, position, min(broker_sequence) AS broker_sequence, min(seen_ns) AS seen_ns
        FROM consumed SEMI JOIN suspects USING (stream) GROUP BY stream, position
    ), followed AS (
        SELECT *, lag(position) OVER (PARTITION BY stream ORDER BY broker_sequence) AS position_before FROM published
    )
    SELECT seen_ns, stream, position_before, position, broker_sequence FROM followed WHERE position < position_before
"""


@dataclass(frozen=True)
class Order:
    """In the broker's order, the positions of each stream go up."""

    name: ClassVar[str] = "order"

    def check(self, history: History) -> Verdict:
        missing = lacking(history, self.name, "consumed")
        if missing is not None:
            return missing
        [(events, streams)] = history.query("SELECT count(*), count(DISTINCT stream) FROM consumed")
        figures = {"messages": events, "streams": streams}
        if events == streams:
            reason = "No stream had two events that consumers saw, so there was no order to break."
            return Verdict(self.name, Status.UNKNOWN, reason, figures)
        backwards = records(history, "Events that came after a later one of their stream", _BACKWARDS, order="seen_ns")
        figures["backwards"] = backwards.total
        if backwards.total:
            reason = f"{backwards.total} times a stream went backwards among {events} published events."
            return Verdict(self.name, Status.FAIL, reason, figures, (backwards,), first_time_s(backwards))
        return Verdict(
            self.name, Status.PASS, f"{events} events of {streams} streams were published in order.", figures
        )
