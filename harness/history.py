"""The history of a run: everything that happened, on one monotonic clock, append-only while it runs, then a folder.

A saved history is `history/` in the run's report folder:

    run.json          RunFacts
    timeline.jsonl    one Moment a line: steps, actions, faults, gates, weights, probes, stalls
    requests.parquet  every request                        (columns: see REQUESTS)
    direct.parquet    what was asked past the router       (the same columns)
    store.parquet     what the event store held at the end (columns: see STORE)
    consumed.parquet  what a consumer of the broker saw    (columns: see CONSUMED)
    projection.parquet  the read model at the end          (columns: see PROJECTION)

All times are nanoseconds since the load began to flow (`RunFacts.origin_ns` on the machine's clock); what came
before is negative. A table that was not recorded is absent, which is not the same as empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

import duckdb
import msgspec

from harness.columns import create_table
from harness.errors import InvalidInput
from harness.verdict import Cell

FORMAT = 1
"""Of the folder. A history of a later format is refused, not guessed at."""

Row: TypeAlias = tuple[Any, ...]
"""One row of a result: what SQL gives, as Python values."""

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
TABLES: Mapping[str, Mapping[str, str]] = {
    "requests": REQUESTS,
    "direct": REQUESTS,
    "store": STORE,
    "consumed": CONSUMED,
    "projection": PROJECTION,
}


class Kind(StrEnum):
    """What a moment is about. The details each kind carries:

    STEP       name = the announced step; until = when the next began
    ACTION     name = e.g. "add ledger-4 2.0"; ok: bool; for removals exit_code, killed; error if not ok
    FAULT      name = the scheduled fault; from injection to healed; kind, target, bit, bit_by, healed, healed_by;
               out_ns: when it was taken out, before that was proven; cut: why its window did not end as it was to
    MISSED     name = the scheduled fault; window: which of its windows did not open, from 1, and no later one; reason
    GATE       version, outcome: "pass", "fail", "inconclusive", "no data" or "error"; passed, reason, requests,
               error_rate, p99_ms
    SETBACK    reason: why the deployment turns back (at = decided)
    ENDED      outcome: "complete", "rolled back" or "stuck"; reason
    WEIGHTS    one detail a version: its weight from then on
    FLEET      one detail an instance: its version (the instances that exist from then on)
    BASELINE   one detail an instance: its version. Only with these, of the old version, the new one is compared
    LAG        events_behind, reached, head: the projection, sampled
    STALL      from .. until the harness itself did not run: what it measured then is its own lag
    QUIET      after the load. reached: consumers and projections caught up; settled: they caught up, or nothing moved
               any more although they had not; waited_s
    REMARK     name = what the platform calls that which happened there, e.g. "FailedScheduling"; about: to which of its
               objects; text; warning; routine: it is part of every start
    CUT        name = what cut the run short before its end, e.g. "KeyboardInterrupt"
    WORKER     name = a worker of the load on another machine; from the load's beginning to its end. whole: all that it
               recorded is in the history, by a clock that is known; requests; offset_ns, drift_ns: what the harness's
               clock showed more, and what it had gained at the end; bound_ns: the largest error of its times;
               collected_s; trouble: why it is not whole
    MACHINE    name = "processors"; over the load. busy_share: of the harness's machine's, all together
    REPLAY     name = who read: a service and its version, e.g. "ledger 2.0", or "published"; from .. until one reading.
               Of a version: service, version, up: whether it had an instance; source: "live", or the recording's
               name; events, streams: replayed this time; held, read: events that the source has, and of these the
               ones replayed so far. Of what is published: held, published. last: nothing was written any more.
               failed: events that were not read rightly, or not published; stream, position, type, written_as, error:
               the first of these, if there is one. undecided: why nobody knows
    DIRECT     name = an instance that was asked past the router meanwhile; version
    NOTE       text, for people
    """

    STEP = "step"
    ACTION = "action"
    FAULT = "fault"
    MISSED = "missed"
    GATE = "gate"
    SETBACK = "setback"
    ENDED = "ended"
    WEIGHTS = "weights"
    FLEET = "fleet"
    BASELINE = "baseline"
    LAG = "lag"
    STALL = "stall"
    QUIET = "quiet"
    REMARK = "remark"
    CUT = "cut"
    WORKER = "worker"
    MACHINE = "machine"
    REPLAY = "replay"
    DIRECT = "direct"
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
    lasting: tuple[str, ...] = ()
    """Operations that take long on purpose: their latency says nothing."""
    replicas: Mapping[str, int] = field(default_factory=dict)
    routed: str = ""
    harness_version: str = ""
    machine: str = ""
    remote_workers: int = 0
    """Workers of the load on other machines; 0: all of it was sent from this one."""


@dataclass(frozen=True)
class Limits:
    """What the queries of one history may use; beyond `memory` they spill to a temporary folder."""

    threads: int = 1
    memory: str = "2GB"


class History:
    """A run that has ended, to be asked in SQL (DuckDB's dialect). Close it, or use it as a context manager.

    Besides the recorded tables (`requests` has one more column, `row`, its number), queries find these, always:

        stalls, fault_windows   from_ns, until_ns: when the harness did not run; when a fault was in. Disjoint, in order
        operations              operation, writes, conserves, lasting: those of which any of it is known
    """

    def __init__(
        self, facts: RunFacts, timeline: Iterable[Moment], connection: duckdb.DuckDBPyConnection, tables: Iterable[str]
    ) -> None:
        """`connection` holds each of `tables` as `recorded_<table>`. Use `load`, or `of`."""
        self.facts = facts
        self.timeline = tuple(sorted(timeline, key=lambda moment: moment.at_ns))
        self._tables = frozenset(tables)
        self._prepared: dict[str, tuple[object, object]] = {}
        self._connection = connection
        self._create_views()

    @classmethod
    def load(cls, folder: Path, limits: Limits = Limits()) -> History:
        """Open a saved history. Raises InvalidInput, naming the file, if it is missing, broken or of a later format."""
        facts = _read_facts(folder / "run.json")
        timeline = _read_timeline(folder / "timeline.jsonl")
        connection = connect(limits)
        tables = [table for table in TABLES if (folder / f"{table}.parquet").exists()]
        try:
            for table in tables:
                _view_file(connection, table, folder / f"{table}.parquet")
        except InvalidInput:
            connection.close()
            raise
        return cls(facts, timeline, connection, tables)

    @classmethod
    def of(cls, facts: RunFacts, timeline: Iterable[Moment], rows: Mapping[str, Sequence[Row]]) -> History:
        """A history in memory, from rows in the order of their table's columns. A table that is not named is absent."""
        connection = connect(Limits())
        for table, table_rows in rows.items():
            create_table(connection, f"recorded_{table}", TABLES[table], table_rows)
        return cls(facts, timeline, connection, rows)

    def has(self, table: str) -> bool:
        """Whether it was recorded at all; it may still be empty."""
        return table in self._tables

    def query(self, sql: str, params: object = None) -> list[Row]:
        """All rows of one statement; `params` are its `?` (a sequence) or `$name` (a mapping) values."""
        return self._connection.execute(sql, params).fetchall()

    def select(self, sql: str, params: object = None) -> tuple[tuple[str, ...], list[Row]]:
        """As `query`, with the names of the columns before the rows."""
        result = self._connection.execute(sql, params)
        return tuple(column[0] for column in result.description or ()), result.fetchall()

    def prepare(self, table: str, sql: str, params: object = None) -> None:
        """Keep the result of `sql` as `table`, once, for the checkers that share it.

        Raises ValueError if it is there as the result of something else, which would be judged in its place.
        """
        if not self._is_there(table, (sql, params)):
            self._connection.execute(f"CREATE TEMP TABLE {table} AS {sql}", params)
            self._prepared[table] = (sql, params)

    def enter(self, table: str, schema: Mapping[str, str], rows: Sequence[Row]) -> None:
        """Keep rows as `table`, once, for queries that need more than was recorded. Raises ValueError as `prepare`."""
        if not self._is_there(table, (schema, rows)):
            create_table(self._connection, table, schema, rows)
            self._prepared[table] = (schema, rows)

    def _is_there(self, table: str, source: tuple[object, object]) -> bool:
        if table not in self._prepared:
            return False
        if self._prepared[table] != source:
            raise ValueError(f"the table {table} is there already, and is something else")
        return True

    def moments(self, kind: Kind) -> tuple[Moment, ...]:
        """Those of one kind, in the order in which they began."""
        return tuple(moment for moment in self.timeline if moment.kind is kind)

    def stalls(self) -> tuple[tuple[int, int], ...]:
        """From when to when the harness itself did not run, in ns; disjoint and in order."""
        return self._spans(Kind.STALL)

    def fault_windows(self) -> tuple[tuple[int, int], ...]:
        """From when to when some fault was in, in ns; disjoint and in order."""
        return self._spans(Kind.FAULT)

    @property
    def clock_error_ns(self) -> int:
        """By so much the times of two requests may be apart in error; 0 if all were sent from one machine."""
        bounds = (moment.detail.get("bound_ns") for moment in self.moments(Kind.WORKER))
        return 2 * max((bound for bound in bounds if isinstance(bound, int)), default=0)

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> History:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _spans(self, kind: Kind) -> tuple[tuple[int, int], ...]:
        return merged(
            (moment.at_ns, self.facts.load_ends_ns if moment.until_ns is None else moment.until_ns)
            for moment in self.moments(kind)
        )

    def _create_views(self) -> None:
        for table in self._tables:
            row = "rowid AS row, " if table == "requests" else ""
            columns = ", ".join(TABLES[table])
            self._connection.execute(f"CREATE VIEW {table} AS SELECT {row}{columns} FROM recorded_{table}")
        spans = {"from_ns": "BIGINT", "until_ns": "BIGINT"}
        create_table(self._connection, "stalls", spans, self.stalls())
        create_table(self._connection, "fault_windows", spans, self.fault_windows())
        facts = self.facts
        known = dict.fromkeys((*facts.writes, *facts.conserves, *facts.lasting))
        create_table(
            self._connection,
            "operations",
            {"operation": "VARCHAR", "writes": "BOOLEAN", "conserves": "BOOLEAN", "lasting": "BOOLEAN"},
            [(name, name in facts.writes, name in facts.conserves, name in facts.lasting) for name in known],
        )


def merged(spans: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The union of closed intervals: disjoint, in order."""
    union: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if union and start <= union[-1][1]:
            union[-1] = (union[-1][0], max(union[-1][1], end))
        else:
            union.append((start, end))
    return tuple(union)


def connect(limits: Limits) -> duckdb.DuckDBPyConnection:
    """An empty database in this process."""
    return duckdb.connect(":memory:", config={"threads": limits.threads, "memory_limit": limits.memory})


def _read_facts(file: Path) -> RunFacts:
    try:
        text = file.read_bytes()
        found = msgspec.json.decode(text, type=_Format)
        if found.format > FORMAT:
            raise InvalidInput(f"this history has format {found.format}; this harness reads up to {FORMAT}", file=file)
        return msgspec.json.decode(text, type=RunFacts)
    except FileNotFoundError as error:
        raise InvalidInput("there is no such file, so this is no history of a run that ended", file=file) from error
    except msgspec.DecodeError as error:
        raise InvalidInput(f"not the facts of a run: {error}", file=file) from error


def _read_timeline(file: Path) -> list[Moment]:
    """A later line for the same moment completes the earlier one."""
    moments: dict[tuple[int, str, str], Moment] = {}
    decoder = msgspec.json.Decoder(Moment)
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                moment = _read_moment(decoder, line, file, number)
                moments[moment.at_ns, moment.kind, moment.name] = moment
    except FileNotFoundError as error:
        raise InvalidInput("there is no such file, so this is no history of a run that ended", file=file) from error
    return list(moments.values())


def _read_moment(decoder: msgspec.json.Decoder[Moment], line: bytes, file: Path, number: int) -> Moment:
    try:
        return decoder.decode(line)
    except msgspec.DecodeError as error:
        raise InvalidInput(f"not a moment of a run: {error}", file=file, line=number) from error


def _view_file(connection: duckdb.DuckDBPyConnection, table: str, file: Path) -> None:
    path = str(file).replace("'", "''")
    source = f"read_parquet('{path}', file_row_number = true)"
    try:
        connection.execute(f"CREATE VIEW recorded_{table} AS SELECT *, file_row_number AS rowid FROM {source}")
        found = {name for (name, *_) in connection.execute(f"DESCRIBE recorded_{table}").fetchall()}
    except duckdb.Error as error:
        raise InvalidInput(f"not a Parquet file that can be read: {error}", file=file) from error
    if lacking := [column for column in TABLES[table] if column not in found]:
        raise InvalidInput(f"the column {lacking[0]!r} is missing", file=file)


@dataclass(frozen=True)
class _Format:
    format: int
