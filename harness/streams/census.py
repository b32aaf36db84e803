"""What a recording holds, by type and version, and whether the positions of its streams are whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import duckdb

from harness.streams.event import BrokenRecord
from harness.streams.files import Recording
from harness.streams.heads import open_heads
from harness.verdict import EVIDENCE_RECORDS_MAX, Evidence, Status, Verdict

POSITIONS: Final = "positions"

_KINDS = "SELECT type, version, count(*), sum(bytes)::BIGINT, max(bytes) FROM heads GROUP BY ALL ORDER BY ALL"

# Whether a stream's positions are first, first + 1, …, last, each once, is told by how many there are and by the sum
# of their hashes, a hash of the multiset (Clarke et al., Incremental Multiset Hash Functions, 2003): nothing has to be
# sorted, and nothing kept but a row a stream. The sums of 0, 1, …, last are made once for all streams: of whole blocks
# of numbers, and number by number only within the blocks in which a stream ends, as a stream may be as long as all.
_BLOCK: Final = 4096
_SUSPECTED: Final = f"""
    CREATE TEMP TABLE suspected AS
    WITH streams AS (
        SELECT stream, count(*) AS events, min(position) AS first, max(position) AS last, sum(hash(position)) AS hashed
        FROM heads GROUP BY stream
    ), ends AS (
        SELECT DISTINCT last, last // {_BLOCK} AS block FROM streams WHERE first <= 1 AND events = last - first + 1
    ), blocks AS (
        SELECT number // {_BLOCK} AS block, sum(hash(number)) AS hashed
        FROM range(0, (SELECT coalesce(max(last), 0) + 1 FROM ends)) AS numbers(number) GROUP BY block
    ), before AS (
        SELECT block, sum(hashed) OVER (ORDER BY block) - hashed AS hashed FROM blocks
    ), within AS (
        SELECT number, block, sum(hash(number)) OVER (PARTITION BY block ORDER BY number) AS hashed
        FROM (SELECT block, unnest(range(block * {_BLOCK}, (block + 1) * {_BLOCK})) AS number
              FROM (SELECT DISTINCT block FROM ends))
    ), sums AS (
        SELECT last AS upto, before.hashed + within.hashed AS hashed
        FROM ends JOIN within ON number = last JOIN before ON before.block = within.block
    )
    SELECT stream FROM streams LEFT JOIN sums ON upto = last
    WHERE first > 1 OR events <> last - first + 1
        OR streams.hashed <> sums.hashed - CASE WHEN first = 1 THEN hash(0::BIGINT) ELSE 0 END
"""
_DAMAGED = """
    CREATE TEMP TABLE damaged AS
    SELECT stream, count(*) AS events, count(DISTINCT position) AS positions, min(position) AS first_position,
        max(position) AS last_position
    FROM heads SEMI JOIN suspected USING (stream) GROUP BY stream
    HAVING count(*) <> count(DISTINCT position) OR count(DISTINCT position) <> max(position) - min(position) + 1
"""


@dataclass(frozen=True)
class KindOfEvent:
    """All events of one type and version."""

    type: str
    version: int
    events: int
    bytes: int
    bytes_max: int


@dataclass(frozen=True)
class Census:
    kinds: tuple[KindOfEvent, ...]
    streams: int
    broken: tuple[BrokenRecord, ...]
    positions: Verdict

    @property
    def events(self) -> int:
        return sum(kind.events for kind in self.kinds)


def take_census(recording: Recording) -> Census:
    """Raises InvalidInput if the recording cannot be read."""
    with open_heads(recording) as (connection, broken):
        kinds = tuple(KindOfEvent(*row) for row in connection.execute(_KINDS).fetchall())
        return Census(
            kinds, _number(connection, "SELECT count(DISTINCT stream) FROM heads"), broken, check_positions(connection)
        )


def check_positions(connection: duckdb.DuckDBPyConnection) -> Verdict:
    """Whether each stream of the table `heads` has the positions from its first to its last, each once."""
    events = _number(connection, "SELECT count(*) FROM heads")
    if not events:
        return Verdict(POSITIONS, Status.UNKNOWN, "The recording holds no event.")
    connection.execute(_SUSPECTED)
    if not _number(connection, "SELECT count(*) FROM suspected"):
        connection.execute("DROP TABLE suspected")
        reason = f"No hole and no position twice among {events} events."
        return Verdict(POSITIONS, Status.PASS, reason, {"events": events, "streams_damaged": 0})
    connection.execute(_DAMAGED)
    damaged = _number(connection, "SELECT count(*) FROM damaged")
    figures = {"events": events, "streams_damaged": damaged}
    connection.execute(f"SELECT * FROM damaged ORDER BY stream LIMIT {EVIDENCE_RECORDS_MAX}")
    columns = tuple(column for column, *_ in connection.description or ())
    evidence = Evidence("Streams with a hole or a position twice", columns, tuple(connection.fetchall()), damaged)
    connection.execute("DROP TABLE damaged; DROP TABLE suspected")
    if damaged:
        return Verdict(
            POSITIONS, Status.FAIL, f"Streams with a hole or a position twice: {damaged}.", figures, (evidence,)
        )
    return Verdict(POSITIONS, Status.PASS, f"No hole and no position twice among {events} events.", figures)


def _number(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    assert row is not None  # an aggregate always has one
    return int(row[0])
