"""Nothing appears that nobody asked for: no effect of what was never sent, refused or certainly failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.checkers.evidence import first_time_s, lacking, records
from harness.history import History
from harness.verdict import Evidence, Status, Verdict

# What is known of each key, over all requests that carried it.
_ASKED_KEYS = """
    SELECT key, bool_and(outcome = 'fail') AS failed FROM asked WHERE key IS NOT NULL GROUP BY key
"""
_ASKED = "SELECT key, outcome, done_ns, operation, error, status, version FROM"
_UNASKED = """
    SELECT stream, position, key, type, amount, sequence
    FROM store ANTI JOIN asked_keys USING (key) WHERE key IS NOT NULL
"""
_ABORTED = """
    SELECT done_ns, operation, asked.key, error, status, version, store.stream, store.position, type
    FROM store JOIN asked USING (key) WHERE key IN (SELECT key FROM asked_keys WHERE failed)
"""
_UNSTORED = """
    SELECT seen_ns, broker_sequence, stream, position, key, type FROM consumed ANTI JOIN store USING (stream, position)
"""


@dataclass(frozen=True)
class Phantoms:
    """The store holds no event of a key that nobody sent, be it through the router or past it, and none of an operation
    that was answered as failed or refused (an aborted read, G1a in Adya's terms); consumers saw no event that the store
    does not hold.

    An operation whose outcome is not known may have taken effect, and is no phantom.
    """

    name: ClassVar[str] = "phantoms"
    consumers: bool = True

    def check(self, history: History) -> Verdict:
        tables = ("requests", "store", "consumed") if self.consumers else ("requests", "store")
        missing = lacking(history, self.name, *tables)
        if missing is not None:
            return missing
        [(events,)] = history.query("SELECT count(key) FROM store")
        if not events:
            return Verdict(self.name, Status.UNKNOWN, "The store holds no event of any operation.")
        found = tuple(each for each in self._search(history) if each.total)
        figures = {"events": events, "phantoms": sum(each.total for each in found)}
        if not found:
            reason = f"Each of {events} events belongs to a request that may have caused it."
            return Verdict(self.name, Status.PASS, reason, figures)
        reason = "; ".join(f"{each.title}: {each.total}" for each in found)
        return Verdict(self.name, Status.FAIL, f"{reason}.", figures, found, first_time_s(*found))

    def _search(self, history: History) -> list[Evidence]:
        ways = ("requests", "direct") if history.has("direct") else ("requests",)
        history.prepare("asked", " UNION ALL ".join(f"{_ASKED} {table}" for table in ways))
        history.prepare("asked_keys", _ASKED_KEYS)
        found = [
            records(history, "Events in the store that nobody asked for", _UNASKED, order="sequence"),
            records(history, "Effects of requests that certainly failed", _ABORTED, order="done_ns"),
        ]
        if self.consumers:
            found.append(records(history, "Events seen that the store does not hold", _UNSTORED, order="seen_ns"))
        return found
