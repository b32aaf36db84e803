"""What the checkers share in saying what they found: records as evidence, times in seconds, verdicts without data."""

from __future__ import annotations

from harness.history import History
from harness.verdict import EVIDENCE_RECORDS_MAX, Evidence, Status, Verdict


def seconds(ns: int | float) -> float:
    """Nanoseconds of the run as seconds, to the microsecond."""
    return round(ns / 1e9, 6)


def percent(share: float) -> str:
    """A share for people: three digits that mean something, `0.0312` as `3.12 %`."""
    return f"{100 * share:.3g} %"


def records(history: History, title: str, sql: str, *, order: str, params: object = None) -> Evidence:
    """The first of what `sql` finds, by `order`, and how many there are. Columns `*_ns` are shown in seconds."""
    columns, rows = history.select(
        f"SELECT *, count(*) OVER () AS total FROM ({sql}) ORDER BY {order} LIMIT {EVIDENCE_RECORDS_MAX}", params
    )
    return Evidence(
        title=title,
        columns=tuple(column[:-3] + "_s" if column.endswith("_ns") else column for column in columns[:-1]),
        records=tuple(
            tuple(
                seconds(value) if column.endswith("_ns") and value is not None else value
                for column, value in zip(columns[:-1], row, strict=False)
            )
            for row in rows
        ),
        total=rows[0][-1] if rows else 0,
    )


def first_time_s(*evidence: Evidence) -> float | None:
    """The earliest time in the first `*_s` column of each."""
    times: list[float] = []
    for found in evidence:
        column = next((index for index, name in enumerate(found.columns) if name.endswith("_s")), None)
        if column is not None:
            times += [value for row in found.records if isinstance(value := row[column], float)]
    return min(times, default=None)


def lacking(history: History, checker: str, *tables: str) -> Verdict | None:
    """Unknown, if one of these tables was not recorded; None if all were."""
    for table in tables:
        if not history.has(table):
            return Verdict(checker, Status.UNKNOWN, f"Nothing to judge by: the history has no table {table!r}.")
    return None
