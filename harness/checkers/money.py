"""Nothing is made or destroyed by operations that only move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.checkers.evidence import first_time_s, lacking, records
from harness.history import History
from harness.verdict import Status, Verdict

_MOVES = """
    SELECT count(*) FROM store
    WHERE key IN (SELECT key FROM requests JOIN operations USING (operation) WHERE conserves)
"""
_UNBALANCED = """
    WITH sums AS (
        SELECT key, sum(amount)::BIGINT AS sum_of_amounts, count(*) AS events
        FROM store WHERE key IS NOT NULL GROUP BY key HAVING sum(amount) <> 0
    )
    SELECT min(done_ns) AS done_ns, operation, key, any_value(sum_of_amounts) AS sum_of_amounts,
        any_value(events) AS events, any_value(requests.version) AS version
    FROM sums JOIN requests USING (key) JOIN operations USING (operation)
    WHERE conserves GROUP BY key, operation
"""


@dataclass(frozen=True)
class Money:
    """The amounts of the events of each operation that conserves sum to zero, whatever its client was told."""

    name: ClassVar[str] = "money"

    def check(self, history: History) -> Verdict:
        missing = lacking(history, self.name, "requests", "store")
        if missing is not None:
            return missing
        [(moves,)] = history.query(_MOVES)
        if not moves:
            return Verdict(self.name, Status.UNKNOWN, "No operation that conserves left an event in the store.")
        unbalanced = records(history, "Operations that do not sum to zero", _UNBALANCED, order="done_ns, key")
        figures = {"events": moves, "unbalanced": unbalanced.total}
        if unbalanced.total:
            reason = f"{unbalanced.total} operations made or destroyed what they should only move."
            return Verdict(self.name, Status.FAIL, reason, figures, (unbalanced,), first_time_s(unbalanced))
        return Verdict(self.name, Status.PASS, f"The amounts of all operations sum to zero ({moves} events).", figures)
