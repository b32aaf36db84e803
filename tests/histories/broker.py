"""Histories of clients of a broker, told operation by operation, each a second after the one before.

told = Broker().did("p", sent("s", 0, "a")).did("c", got("s", 0, "a"))
told.messages()
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.columns import create_table
from harness.consistency.streams.messages import LIMITS, Act, Fate, Messages, assemble
from harness.history import connect

Outcome: TypeAlias = Literal["ok", "fail", "indeterminate"]
SCHEMA = {
    "process": "VARCHAR", "operation": "BIGINT", "kind": "VARCHAR", "stream": "VARCHAR", "offset": "BIGINT",
    "value": "VARCHAR", "outcome": "VARCHAR", "start_ns": "BIGINT", "end_ns": "BIGINT",
}  # fmt: skip
NAMED = ("process", "stream", "value")
Row: TypeAlias = tuple[Any, ...]
SECOND = 1_000_000_000


@dataclass(frozen=True)
class Part:
    """A row of an operation."""

    kind: str
    stream: str | None = None
    offset: int | None = None
    value: str | None = None


def sent(stream: str, offset: int | None, value: str) -> Part:
    return Part("send", stream, offset, value)


def got(stream: str, offset: int | None, value: str) -> Part:
    return Part("poll", stream, offset, value)


def got_nothing(stream: str | None = None) -> Part:
    return Part("poll", stream)


def assigned(stream: str | None = None) -> Part:
    return Part("assign", stream)


def subscribed(stream: str | None = None) -> Part:
    return Part("subscribe", stream)


@dataclass(frozen=True)
class Did:
    """An operation of a client."""

    process: str
    parts: tuple[Part, ...]
    outcome: Outcome = "ok"
    start_ns: int | None = None
    end_ns: int | None = None


@dataclass(frozen=True)
class Broker:
    operations: tuple[Did, ...] = ()
    timed: bool = field(default=True, kw_only=True)

    def did(self, process: str, *parts: Part, outcome: Outcome = "ok") -> Broker:
        start_ns = len(self.operations) * SECOND if self.timed else None
        end_ns = None if start_ns is None else start_ns + SECOND // 2
        return replace(self, operations=(*self.operations, Did(process, parts, outcome, start_ns, end_ns)))

    def rows(self) -> list[Row]:
        return [
            (
                did.process,
                number,
                part.kind,
                part.stream,
                part.offset,
                part.value,
                did.outcome,
                did.start_ns,
                did.end_ns,
            )
            for number, did in enumerate(self.operations)
            for part in did.parts
        ]

    def messages(self) -> Messages:
        return messages_from(self.rows())

    def save(self, file: Path) -> Path:
        """As Parquet."""
        with closing(connect(LIMITS)) as connection:
            create_table(connection, "told", SCHEMA, self.rows())
            connection.execute(f"COPY told TO '{file}' (FORMAT parquet)")
        return file


def messages_from(rows: Sequence[Row]) -> Messages:
    """As if they had been read from a file, but at once: a database takes longer than all else."""
    columns = {column: [row[at] for row in rows] for at, column in enumerate(SCHEMA)}
    names = {column: sorted({text for text in columns[column] if text is not None}) for column in NAMED}
    numbered = {
        column: [names[column].index(text) if text is not None else -1 for text in columns[column]] for column in NAMED
    }

    def ints(numbers: Iterable[int | None]) -> NDArray[np.int64]:
        return np.array([number or 0 for number in numbers], np.int64)

    def given(column: str) -> NDArray[np.bool_]:
        return np.array([each is not None for each in columns[column]], np.bool_)

    return assemble(
        {
            **{column: ints(numbered[column]) for column in NAMED},
            **{column: ints(columns[column]) for column in ("operation", "offset", "start_ns", "end_ns")},
            "act": np.array([Act[kind.upper()] for kind in columns["kind"]], np.uint8),
            "fate": np.array([Fate[outcome.upper()] for outcome in columns["outcome"]], np.uint8),
            "located": given("offset"),
            "valued": given("value"),
            "timed": given("start_ns"),
            "whole": given("process"),
        },
        {column: np.array(found, dtype=object) for column, found in names.items()},
    )
