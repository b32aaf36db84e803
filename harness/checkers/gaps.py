"""No event is missing: streams have no holes, and consumers saw all that the store holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.checkers.evidence import lacking, records
from harness.checkers.quiet import unsettled
from harness.history import History
from harness.verdict import Status, Verdict

_HOLES = """
    SELECT stream, count(DISTINCT position) AS events, min(position) AS first_position, max(position) AS last_position
    FROM store GROUP BY stream HAVING min(position) <> 1 OR max(position) <> count(DISTINCT position)
"""
_NEVER_SEEN = """
    WITH missing AS (
        SELECT stream, position, key, type, sequence FROM store ANTI JOIN consumed USING (stream, position)
    ), asked AS (
        SELECT key, min(done_ns) AS done_ns FROM requests WHERE key IN (SELECT key FROM missing) GROUP BY key
    )
    SELECT done_ns, missing.* FROM missing LEFT JOIN asked USING (key)
"""


@dataclass(frozen=True)
class Gaps:
    """The positions of each stream in the store are 1, 2, … n; consumers saw each of them, once they were quiet."""

    name: ClassVar[str] = "gaps"
    consumers: bool = True

    def check(self, history: History) -> Verdict:
        tables = ("requests", "store", "consumed") if self.consumers else ("store",)
        missing = lacking(history, self.name, *tables)
        if missing is not None:
            return missing
        [(events, streams)] = history.query("SELECT count(*), count(DISTINCT stream) FROM store")
        figures = {"events": events, "streams": streams}
        if not events:
            return Verdict(self.name, Status.UNKNOWN, "The store holds no event.", figures)
        holes = records(history, "Streams with holes in the store", _HOLES, order="stream")
        figures["streams_with_holes"] = holes.total
        if holes.total:
            reason = f"{holes.total} of {streams} streams have a hole in the store."
            return Verdict(self.name, Status.FAIL, reason, figures, (holes,))
        if not self.consumers:
            return Verdict(self.name, Status.PASS, f"{streams} streams have no hole in the store.", figures)
        unseen = records(history, "Events that consumers never saw", _NEVER_SEEN, order="done_ns NULLS LAST, sequence")
        figures["never_seen"] = unseen.total
        if not unseen.total:
            return Verdict(self.name, Status.PASS, f"Consumers saw all {events} events of {streams} streams.", figures)
        reason = f"Consumers never saw {unseen.total} of the {events} events in the store"
        moving = unsettled(history)
        if moving is not None:
            return Verdict(self.name, Status.UNKNOWN, f"{reason}, but {moving}.", figures, (unseen,))
        return Verdict(self.name, Status.FAIL, f"{reason}.", figures, (unseen,), _first_s(unseen.records))


def _first_s(rows: tuple[tuple[object, ...], ...]) -> float | None:
    """When the request of the first missing event was done; none if no request caused it."""
    first = rows[0][0]
    return first if isinstance(first, float) else None
