"""How a history comes to be: the timeline while the run lasts, and the files it is saved in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

import msgspec

from harness.columns import create_table
from harness.history import FORMAT, TABLES, Kind, Limits, Moment, Row, RunFacts, connect
from harness.verdict import Cell

Listener = Callable[[Moment], None]


class Timeline:
    """Collects moments while a run lasts, from any thread; nothing is ever taken back.

    Each goes to `file` at once, a line each, so that a killed run leaves what it had done. Times are on the machine's
    monotonic clock until `moments` counts them from the origin, which is not known before the load flows.
    """

    def __init__(self, file: Path, listener: Listener | None = None) -> None:
        """`listener` is called with each moment, and again when it ends; it must not call back into the timeline."""
        self._moments: dict[tuple[int, Kind, str], Moment] = {}
        self._lines = file.open("ab", buffering=0)
        self._listener = listener
        self._lock = Lock()

    def add(
        self,
        kind: Kind,
        name: str,
        detail: Mapping[str, Cell] | None = None,
        *,
        at_ns: int | None = None,
        until_ns: int | None = None,
    ) -> Moment:
        """Something that happened at `at_ns` (default: now, by `time.monotonic_ns`)."""
        moment = Moment(time.monotonic_ns() if at_ns is None else at_ns, kind, name, until_ns, dict(detail or {}))
        with self._lock:
            while self._key(moment) in self._moments:  # two of a kind in one tick of the clock stay two
                moment = replace(moment, at_ns=moment.at_ns + 1)
            self._keep(moment)
        return moment

    def end(self, moment: Moment, detail: Mapping[str, Cell] | None = None, *, until_ns: int | None = None) -> Moment:
        """What began as `moment` ended at `until_ns` (default: now), and this is what else is known of it."""
        ended = replace(
            moment,
            until_ns=time.monotonic_ns() if until_ns is None else until_ns,
            detail={**moment.detail, **(detail or {})},
        )
        with self._lock:
            self._keep(ended)
        return ended

    def moments(self, origin_ns: int = 0) -> tuple[Moment, ...]:
        """All so far, in the order they were added, their times counted from `origin_ns`."""
        with self._lock:
            collected = tuple(self._moments.values())
        return tuple(_counted_from(origin_ns, moment) for moment in collected)

    def close(self) -> None:
        self._lines.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _keep(self, moment: Moment) -> None:
        self._moments[self._key(moment)] = moment
        self._lines.write(msgspec.json.encode(moment) + b"\n")
        if self._listener is not None:
            self._listener(moment)

    @staticmethod
    def _key(moment: Moment) -> tuple[int, Kind, str]:
        return moment.at_ns, moment.kind, moment.name


def write_facts(folder: Path, facts: RunFacts) -> None:
    fields = {"format": FORMAT, **msgspec.to_builtins(facts)}
    (folder / "run.json").write_bytes(msgspec.json.format(msgspec.json.encode(fields), indent=2) + b"\n")


def write_timeline(folder: Path, moments: Iterable[Moment]) -> None:
    """Their times must already be counted from the run's origin. Replaces what the run left line by line."""
    unfinished = folder / "timeline.jsonl.part"
    unfinished.write_bytes(b"".join(msgspec.json.encode(moment) + b"\n" for moment in moments))
    unfinished.replace(folder / "timeline.jsonl")


def write_rows(folder: Path, table: str, rows: Sequence[Row]) -> None:
    """Save one of `history.TABLES`; `rows` hold their values in the order of its columns."""
    path = str(folder / f"{table}.parquet").replace("'", "''")
    with closing(connect(Limits())) as connection:
        create_table(connection, table, TABLES[table], rows)
        connection.execute(f"COPY {table} TO '{path}' (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2)")


def _counted_from(origin_ns: int, moment: Moment) -> Moment:
    until_ns = None if moment.until_ns is None else moment.until_ns - origin_ns
    return replace(moment, at_ns=moment.at_ns - origin_ns, until_ns=until_ns)
