"""Nothing that was acknowledged is lost: its events are in the store, and consumers saw them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.checkers.evidence import first_time_s, lacking, records
from harness.checkers.quiet import unsettled
from harness.history import History
from harness.verdict import Evidence, Status, Verdict

_ACKNOWLEDGED = """
    SELECT done_ns, operation, key, stream, version, instance FROM requests
    WHERE outcome = 'ok' AND key IS NOT NULL AND operation IN (SELECT operation FROM operations WHERE writes)
"""


@dataclass(frozen=True)
class LostEvents:
    """Every write that was answered with success has an event of its key in the store, and one among the consumed.

    What is missing among the consumed counts once consumers were quiet. `consumers`: whether the environment has any.
    """

    name: ClassVar[str] = "lost-events"
    consumers: bool = True

    def check(self, history: History) -> Verdict:
        tables = ("requests", "store", "consumed") if self.consumers else ("requests", "store")
        missing = lacking(history, self.name, *tables)
        if missing is not None:
            return missing
        history.prepare("acknowledged", _ACKNOWLEDGED)
        [(acknowledged,)] = history.query("SELECT count(DISTINCT key) FROM acknowledged")
        if not acknowledged:
            return Verdict(self.name, Status.UNKNOWN, "No write was acknowledged, so none could be lost.")
        from_store = _lost(history, "store")
        from_consumers = _lost(history, "consumed") if self.consumers else None
        figures = {"acknowledged": acknowledged, "lost_from_store": from_store.total}
        if from_consumers is not None:
            figures["lost_from_consumers"] = from_consumers.total
        found = tuple(each for each in (from_store, from_consumers) if each is not None and each.total)
        status, reason = self._decide(history, acknowledged, from_store, from_consumers)
        first = first_time_s(*found) if status is Status.FAIL else None
        return Verdict(self.name, status, reason, figures, found, first)

    def _decide(
        self, history: History, acknowledged: int, from_store: Evidence, from_consumers: Evidence | None
    ) -> tuple[Status, str]:
        if from_store.total:
            return Status.FAIL, f"{from_store.total} of {acknowledged} acknowledged writes are not in the store."
        if from_consumers is None:
            return Status.PASS, f"All {acknowledged} acknowledged writes are in the store."
        if from_consumers.total:
            reason = f"{from_consumers.total} of {acknowledged} acknowledged writes were never seen by consumers"
            moving = unsettled(history)
            return (Status.FAIL, f"{reason}.") if moving is None else (Status.UNKNOWN, f"{reason}, but {moving}.")
        return Status.PASS, f"All {acknowledged} acknowledged writes are in the store, and consumers saw them."


def _lost(history: History, table: str) -> Evidence:
    return records(
        history,
        f"Acknowledged writes of which {table} has no event",
        f"SELECT * FROM acknowledged ANTI JOIN {table} USING (key)",
        order="done_ns",
    )
