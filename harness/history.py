"""The history of a run: everything that happened, on one monotonic clock, append-only while it runs, then a folder.

A saved history is `history/` in the run's report folder:

    run.json          RunFacts
    timeline.jsonl    one Moment a line: steps, actions, faults, gates, weights, probes, stalls
    requests.parquet  every request                        (columns: see REQUESTS)
    store.parquet     what the event store held at the end (columns: see STORE)
    consumed.parquet  what a consumer of the broker saw    (columns: see CONSUMED)
    projection.parquet  the read model at the end          (columns: see PROJECTION)

All times are nanoseconds since the load began to flow (`RunFacts.origin_ns` on the machine's clock); what came
before is negative. A table that was not recorded is absent, which is not the same as empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from harness.verdict import Cell

REQUESTS = {
    "scheduled_ns": "BIGINT",  # when the schedule asked for it; latency counts from here
    "sent_ns": "BIGINT",  # null: never sent
    "first_byte_ns": "BIGINT",  # null: no answer
    "done_ns": "BIGINT",  # answer complete or given up
    "lane": "VARCHAR",  # 'new' or 'kept' connections, or what the locustfile calls it
    "operation": "VARCHAR",
    "key": "BIGINT",  # of a write; null: none
    "stream": "BIGINT",  # number of the stream touched or read; null: none
    "position": "BIGINT",  # of that stream, as the answer showed; null: none
    "outcome": "VARCHAR",  # 'ok', 'fail' or 'indeterminate': what is known of the effect
    "error": "VARCHAR",  # null if served; 'refused' is a served answer that the request may not be done (4xx)
    "status": "USMALLINT",  # null: no answer
    "version": "VARCHAR",  # that answered; null: unknown
    "instance": "VARCHAR",
    "bytes": "INTEGER",
    "attempts": "UTINYINT",  # times the router tried
    "session": "USMALLINT",  # virtual user: its requests follow each other
    "closed_loop": "BOOLEAN",
}
STORE = {
    "stream": "VARCHAR",
    "position": "BIGINT",
    "key": "BIGINT",
    "type": "VARCHAR",
    "amount": "BIGINT",
    "sequence": "BIGINT",
}
CONSUMED = {
    "seen_ns": "BIGINT",
    "broker_sequence": "BIGINT",
    "redelivered": "BOOLEAN",
    "stream": "VARCHAR",
    "position": "BIGINT",
    "key": "BIGINT",
    "type": "VARCHAR",
}
PROJECTION = {"stream": "VARCHAR", "value": "BIGINT", "position": "BIGINT"}


class Kind(StrEnum):
    """What a moment is about. The details each kind carries:

    STEP       name = the announced step; until = when the next began
    ACTION     name = e.g. "add ledger-4 2.0"; ok: bool; for removals exit_code, killed; error if not ok
    FAULT      name = the scheduled fault; from injection to healed; kind, target, bit, bit_by, healed, healed_by
    GATE       version, passed, reason, requests, error_rate, p99_ms
    SETBACK    reason: why the deployment turns back (at = decided)
    ENDED      outcome: "complete", "rolled back" or "stuck"; reason
    WEIGHTS    one detail a version: its weight from then on
    FLEET      one detail an instance: its version (the instances that exist from then on)
    LAG        events_behind, reached, head: the projection, sampled
    STALL      from .. until the harness itself did not run: what it measured then is its own lag
    QUIET      reached: whether consumers and projections caught up after the load; waited_s
    NOTE       text, for people
    """

    STEP = "step"
    ACTION = "action"
    FAULT = "fault"
    GATE = "gate"
    SETBACK = "setback"
    ENDED = "ended"
    WEIGHTS = "weights"
    FLEET = "fleet"
    LAG = "lag"
    STALL = "stall"
    QUIET = "quiet"
    NOTE = "note"


@dataclass(frozen=True)
class Moment:
    """Something that happened at `at_ns`, and, if it lasted, until `until_ns`."""

    at_ns: int
    kind: Kind
    name: str
    until_ns: int | None = None
    detail: Mapping[str, Cell] = field(default_factory=dict)


@dataclass(frozen=True)
class RunFacts:
    """What was run, for whoever reads the history later without the scenario at hand."""

    run_id: str
    scenario: str
    summary: str
    environment: str
    driver: str
    strategy: str
    old: str
    new: str
    ending: str
    """What the deployment was expected to come to: "complete" or "rollback"."""
    seed: int
    command: str
    """A command line that repeats the run."""
    started_at: str
    """UTC, ISO 8601."""
    origin_ns: int
    """The machine's monotonic clock when the load began to flow."""
    load_ends_ns: int
    """When the load was told to end, relative to the origin."""
    rate_per_s: float
    faults: tuple[str, ...] = ()
    """Names of the scheduled faults."""
    steps: tuple[str, ...] = ()
    """Steps that a deployment without setbacks announces."""
    writes: tuple[str, ...] = ()
    """Operations that write."""
    conserves: tuple[str, ...] = ()
    """Operations whose events sum to zero."""
    replicas: Mapping[str, int] = field(default_factory=dict)
    routed: str = ""
    harness_version: str = ""
    machine: str = ""
