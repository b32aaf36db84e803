"""The read model is what the events say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.checkers.evidence import lacking, records
from harness.checkers.quiet import unsettled
from harness.history import History
from harness.verdict import Status, Verdict

_DIFFERENT = """
    WITH folded AS (
        SELECT stream, sum(amount)::BIGINT AS value, max(position) AS position FROM store GROUP BY stream
    )
    SELECT stream, folded.value AS value_by_events, projection.value AS value_shown,
        folded.position AS position_of_events, projection.position AS position_shown
    FROM folded FULL JOIN projection USING (stream)
    WHERE folded.value IS DISTINCT FROM projection.value OR folded.position IS DISTINCT FROM projection.position
"""


@dataclass(frozen=True)
class Projection:
    """Once quiet, each stream's value and position in the read model equal a fold of its events in the store."""

    name: ClassVar[str] = "projection"

    def check(self, history: History) -> Verdict:
        missing = lacking(history, self.name, "store", "projection")
        if missing is not None:
            return missing
        [(streams,)] = history.query("SELECT count(DISTINCT stream) FROM store")
        if not streams:
            return Verdict(self.name, Status.UNKNOWN, "The store holds no event to compare the read model with.")
        different = records(history, "Streams that the read model shows wrongly", _DIFFERENT, order="stream")
        figures = {"streams": streams, "different": different.total}
        if not different.total:
            return Verdict(self.name, Status.PASS, f"The read model shows all {streams} streams rightly.", figures)
        reason = f"The read model shows {different.total} of {streams} streams otherwise than their events"
        moving = unsettled(history)
        if moving is not None:
            return Verdict(self.name, Status.UNKNOWN, f"{reason}, but {moving}.", figures, (different,))
        return Verdict(self.name, Status.FAIL, f"{reason}.", figures, (different,))
