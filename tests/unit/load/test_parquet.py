from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb

from harness.history import REQUESTS
from harness.load.parquet import to_parquet
from harness.load.recording import Recorder
from harness.load.records import Outcome
from tests.unit.load.samples import write_request

ORIGIN_NS = 5_000_000_000


def rows(file: Path, columns: str, order: str = "scheduled_ns") -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(
            f"SELECT {columns} FROM read_parquet($file) ORDER BY {order}", {"file": str(file)}
        ).fetchall()


def test_the_columns_are_those_of_the_history(tmp_path: Path) -> None:
    Recorder(tmp_path / "w.requests").close()
    assert to_parquet([tmp_path / "w.requests"], tmp_path / "r.parquet", ORIGIN_NS) == 0
    with duckdb.connect() as connection:
        described = connection.execute("DESCRIBE FROM read_parquet($1)", [str(tmp_path / "r.parquet")]).fetchall()
    assert {name: kind for name, kind, *_ in described} == REQUESTS


def test_a_served_request(tmp_path: Path) -> None:
    with closing(Recorder(tmp_path / "w.requests")) as recorder:
        write_request(recorder, scheduled_ns=ORIGIN_NS + 1024, key=1 << 60, stream=7, position=3, session=5)
    to_parquet([tmp_path / "w.requests"], tmp_path / "r.parquet", ORIGIN_NS)
    (row,) = rows(tmp_path / "r.parquet", "* EXCLUDE (sent_ns, first_byte_ns, done_ns)")
    assert row == (1024, "kept", "read", 1 << 60, 7, 3, "ok", None, 200, "1.0", "ledger-1", 2, 1, 5, False)


def test_what_did_not_happen_is_null(tmp_path: Path) -> None:
    with closing(Recorder(tmp_path / "w.requests")) as recorder:
        write_request(
            recorder,
            sent_ns=0,
            first_byte_ns=0,
            status=0,
            error="timeout",
            version="",
            instance="",
            outcome=Outcome.FAIL,
        )
    to_parquet([tmp_path / "w.requests"], tmp_path / "r.parquet", ORIGIN_NS)
    columns = "sent_ns, first_byte_ns, key, stream, position, status, version, instance, error, outcome"
    assert rows(tmp_path / "r.parquet", columns) == [(*[None] * 8, "timeout", "fail")]


def test_outcomes_have_the_words_of_the_history(tmp_path: Path) -> None:
    with closing(Recorder(tmp_path / "w.requests")) as recorder:
        for second, outcome in enumerate(Outcome):
            write_request(recorder, scheduled_ns=second * 1_000_000_000, outcome=outcome)
    to_parquet([tmp_path / "w.requests"], tmp_path / "r.parquet", 0)
    assert rows(tmp_path / "r.parquet", "outcome") == [("ok",), ("fail",), ("indeterminate",)]


def test_requests_of_all_workers_are_sorted_by_their_schedule(tmp_path: Path) -> None:
    files = [tmp_path / "a.requests", tmp_path / "b.requests"]
    for file, seconds in zip(files, ((3, 1), (2, 0)), strict=True):
        with closing(Recorder(file)) as recorder:
            for second in seconds:
                write_request(recorder, scheduled_ns=second * 1_024_000_000)
    assert to_parquet(files, tmp_path / "r.parquet", 0) == 4
    with duckdb.connect() as connection:
        stored = connection.execute(
            "SELECT scheduled_ns FROM read_parquet($1)", [str(tmp_path / "r.parquet")]
        ).fetchall()
    assert stored == [(second * 1_024_000_000,) for second in range(4)]


def test_times_are_cut_to_a_microsecond_and_keep_their_order(tmp_path: Path) -> None:
    with closing(Recorder(tmp_path / "w.requests")) as recorder:
        write_request(recorder, scheduled_ns=ORIGIN_NS - 1, sent_ns=ORIGIN_NS + 1, done_ns=ORIGIN_NS + 5000)
    to_parquet([tmp_path / "w.requests"], tmp_path / "r.parquet", ORIGIN_NS)
    assert rows(tmp_path / "r.parquet", "scheduled_ns, sent_ns, done_ns") == [(-1024, 0, 4096)]
