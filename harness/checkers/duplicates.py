"""Nothing appears twice: no operation took effect twice, and no event was published twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.checkers.evidence import first_time_s, lacking, records
from harness.history import History
from harness.verdict import Status, Verdict

_TWICE_IN_STORE = """
    WITH twice AS (
        SELECT stream, key, type, count(*) AS times, min(position) AS first_position, max(position) AS last_position
        FROM store WHERE key IS NOT NULL GROUP BY stream, key, type HAVING count(*) > 1
    ), asked AS (
        SELECT key, min(done_ns) AS first_done_ns, count(*) AS requests
        FROM requests WHERE key IN (SELECT key FROM twice) GROUP BY key
    )
    SELECT first_done_ns, twice.*, coalesce(requests, 0) AS requests FROM twice LEFT JOIN asked USING (key)
"""
_TWICE_PUBLISHED = """
    SELECT
        max(seen_ns) AS seen_again_ns, stream, position, count(*) AS times,
        min(broker_sequence) AS first_sequence, max(broker_sequence) AS last_sequence
    FROM consumed GROUP BY stream, position HAVING min(broker_sequence) <> max(broker_sequence)
"""


@dataclass(frozen=True)
class Duplicates:
    """An operation has at most one event of a type in a stream; the broker has each event once.

    A message that the broker delivers again to its consumer is no duplicate: it has the same number there.
    """

    name: ClassVar[str] = "duplicates"
    consumers: bool = True

    def check(self, history: History) -> Verdict:
        tables = ("requests", "store", "consumed") if self.consumers else ("requests", "store")
        missing = lacking(history, self.name, *tables)
        if missing is not None:
            return missing
        [(events,)] = history.query("SELECT count(key) FROM store")
        if not events:
            return Verdict(self.name, Status.UNKNOWN, "The store holds no event of any operation.")
        stored = records(
            history, "Operations with more than one effect", _TWICE_IN_STORE, order="first_done_ns NULLS LAST, key"
        )
        figures = {"events": events, "twice_in_store": stored.total}
        evidence = [stored]
        if self.consumers:
            [(messages,)] = history.query("SELECT count(*) FROM consumed")
            if not messages:
                return Verdict(self.name, Status.UNKNOWN, "Consumers saw no event at all.", figures)
            evidence.append(records(history, "Events published twice", _TWICE_PUBLISHED, order="seen_again_ns"))
            figures |= {"messages": messages, "twice_published": evidence[1].total}
        found = tuple(each for each in evidence if each.total)
        if not found:
            return Verdict(self.name, Status.PASS, f"None of {events} events appears twice.", figures)
        reason = "; ".join(f"{each.title}: {each.total}" for each in found)
        return Verdict(self.name, Status.FAIL, f"{reason}.", figures, found, first_time_s(*found))
