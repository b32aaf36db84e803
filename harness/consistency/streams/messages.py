"""What clients of a broker sent and received, as columns: a row a message, ten million of them and more.

    process    who: a number or a text. A process does one thing at a time
    operation  a number: the rows of one operation (a transaction, a batch) follow each other and have the same
    kind       send, poll, assign or subscribe
    stream     a number or a text: the partition, queue or stream
    offset     a number; null if it is not known, or if there is none. Offsets may be sparse
    value      what was sent or received, a number or a text, and in one stream never sent twice; null in a poll that
               got nothing from this stream, and in assignments
    outcome    ok, fail or indeterminate
    start_ns   when the operation began, and
    end_ns     when it ended, or was given up; null in both: not known
    version    a text: of the system, where it is known which; the column may be absent

The rows of each process are in the order in which it did things. An operation `assign` has a row for each stream that
is assigned from then on; `subscribe` one for each that may be. The columns are read from Parquet or from JSON lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from harness.consistency.streams.sorting import Bools, Ints, ranks, starts
from harness.errors import InvalidInput
from harness.history import Limits, connect
from harness.verdict import Cell

COLUMNS = ("process", "operation", "kind", "stream", "offset", "value", "outcome", "start_ns", "end_ns")
_NAMED = ("process", "stream", "value")
"""Columns that may be text."""
_NUMBERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
NO_STREAM = -1
_WRONG = 9
LIMITS = Limits(threads=2, memory="3GB")


class Act(IntEnum):
    SEND = 0
    POLL = 1
    ASSIGN = 2
    SUBSCRIBE = 3


class Fate(IntEnum):
    OK = 0
    FAIL = 1
    INDETERMINATE = 2


@dataclass(frozen=True)
class Messages:
    """The columns. `operation` counts the operations from 0 on."""

    process: Ints
    operation: Ints
    act: NDArray[np.uint8]
    stream: Ints
    offset: Ints
    located: Bools
    """Whether there is an offset."""
    value: Ints
    valued: Bools
    fate: NDArray[np.uint8]
    start_ns: Ints
    end_ns: Ints
    version: Ints
    """Empty if there is no such column."""
    timed: bool
    """Whether all times are known."""
    names: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """For a column that was text, the text of each of its numbers."""

    def __len__(self) -> int:
        return len(self.process)

    @cached_property
    def origin_ns(self) -> int:
        """When the first operation began."""
        return int(self.start_ns.min()) if len(self) else 0

    @cached_property
    def sends(self) -> Bools:
        sends: Bools = (self.act == Act.SEND) & self.valued
        return sends

    @cached_property
    def polls(self) -> Bools:
        """Messages that were received; those of a poll that certainly failed were not."""
        polls: Bools = (self.act == Act.POLL) & self.valued & (self.fate != Fate.FAIL)
        return polls

    def shown(self, column: str, row: int) -> Cell:
        """As it was recorded; None if it was not."""
        numbers = getattr(self, column)
        if not len(numbers):
            return None
        number, names = int(numbers[row]), self.names.get(column)
        if names is None:
            return number
        return str(names[number]) if number >= 0 else None


def read_messages(file: Path) -> Messages:
    """From Parquet, or JSON lines if the file is called so. Raises InvalidInput for what is not of the format."""
    path = str(file).replace("'", "''")
    source = f"read_parquet('{path}')"
    if file.suffix in (".jsonl", ".ndjson"):
        types = dict.fromkeys(COLUMNS, "BIGINT") | dict.fromkeys((*_NAMED, "kind", "outcome", "version"), "VARCHAR")
        source = f"read_json('{path}', format = 'newline_delimited', columns = {types})"
    if not file.is_file():
        raise InvalidInput("there is no such file", file=file)
    with closing(connect(LIMITS)) as connection:
        try:
            connection.execute(f"CREATE VIEW messages AS SELECT * FROM {source}")
            return messages_of(connection, "messages")
        except duckdb.Error as error:
            raise InvalidInput(f"cannot be read: {str(error).splitlines()[0]}", file=file) from error
        except InvalidInput as error:
            raise InvalidInput(str(error), file=file) from error


def messages_of(connection: duckdb.DuckDBPyConnection, table: str) -> Messages:
    """From a table or view of that database, its rows in order. Raises InvalidInput if it is none of messages."""
    types = {name: kind for name, kind, *_ in connection.execute(f"DESCRIBE {table}").fetchall()}
    if lacking := [column for column in COLUMNS if column not in types]:
        raise InvalidInput(f"the column {lacking[0]!r} is missing")
    named = (*_NAMED, "version") if "version" in types else _NAMED
    names = {column: _names(connection, table, column) for column in named if types[column] not in _NUMBERS}
    numbers = {column: _number(column, names.get(column)) for column in named}
    columns = connection.execute(
        f"""
        SELECT
            {numbers["process"]} AS process,
            operation::BIGINT AS operation,
            CASE kind WHEN 'send' THEN 0 WHEN 'poll' THEN 1 WHEN 'assign' THEN 2 WHEN 'subscribe' THEN 3
                ELSE {_WRONG} END::UTINYINT AS act,
            coalesce({numbers["stream"]}, {NO_STREAM}) AS stream,
            coalesce("offset", 0)::BIGINT AS "offset",
            "offset" IS NOT NULL AS located,
            coalesce({numbers["value"]}, 0) AS value,
            value IS NOT NULL AS valued,
            CASE outcome WHEN 'ok' THEN 0 WHEN 'fail' THEN 1 WHEN 'indeterminate' THEN 2
                ELSE {_WRONG} END::UTINYINT AS fate,
            coalesce(start_ns, 0)::BIGINT AS start_ns,
            coalesce(end_ns, 0)::BIGINT AS end_ns,
            start_ns IS NOT NULL AS timed,
            {f"coalesce({numbers['version']}, -1) AS version," if "version" in numbers else ""}
            process IS NOT NULL AND operation IS NOT NULL AND (value IS NULL OR stream IS NOT NULL)
                AND (start_ns IS NULL) = (end_ns IS NULL) AND coalesce(end_ns >= start_ns, true) AS whole
        FROM {table}
        """
    ).fetchnumpy()
    return assemble({name: np.ma.getdata(column) for name, column in columns.items()}, names)


def _names(connection: duckdb.DuckDBPyConnection, table: str, column: str) -> NDArray[Any]:
    """Numbers the texts of a column, by an enumeration."""
    named = f"SELECT DISTINCT {column}::VARCHAR AS name FROM {table} WHERE {column} IS NOT NULL ORDER BY name"
    found = np.ma.getdata(connection.execute(named).fetchnumpy()["name"])
    if len(found):
        connection.execute(f"CREATE TYPE {column}_name AS ENUM ({named})")
    return found


def _number(column: str, names: NDArray[Any] | None) -> str:
    if names is None:
        return f"{column}::BIGINT"
    return f"enum_code({column}::VARCHAR::{column}_name)::BIGINT" if len(names) else "NULL::BIGINT"


def assemble(columns: Mapping[str, NDArray[Any]], names: Mapping[str, NDArray[Any]]) -> Messages:
    """From the columns as numbers, and what these numbers are. Raises InvalidInput if together they are no history."""
    act, fate, stream = columns["act"], columns["fate"], columns["stream"]
    _require(act != _WRONG, f"the kind is none of {_words(Act)}")
    _require(fate != _WRONG, f"the outcome is none of {_words(Fate)}")
    _require(stream >= NO_STREAM, "a stream is a text, or a number from 0 on")
    _require(
        columns["whole"], "needs a process and an operation, a message a stream, and an end no earlier than a start"
    )
    first = starts(columns["process"], columns["operation"])
    unlike = ~first & (starts(fate) | starts(columns["start_ns"]) | starts(columns["end_ns"]))
    _require(~unlike, "this and the row before are one operation, but differ in outcome or time")
    return Messages(
        process=columns["process"],
        operation=ranks(first),
        act=act,
        stream=stream,
        offset=columns["offset"],
        located=columns["located"],
        value=columns["value"],
        valued=columns["valued"],
        fate=fate,
        start_ns=columns["start_ns"],
        end_ns=columns["end_ns"],
        version=columns.get("version", np.zeros(0, np.int64)),
        timed=bool(columns["timed"].all()),
        names=names,
    )


def _require(right: Bools, message: str) -> None:
    if not right.all():
        raise InvalidInput(f"row {int(np.argmin(right)) + 1}: {message}")


def _words(kind: type[IntEnum]) -> str:
    return ", ".join(each.name.lower() for each in kind)
