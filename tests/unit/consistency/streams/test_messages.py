from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from harness.consistency.streams.messages import Act, Fate, read_messages
from harness.consistency.streams.verdict import judge_one
from harness.errors import InvalidInput
from harness.verdict import Status
from tests.histories.broker import Broker, assigned, got, got_nothing, sent

LINE: dict[str, Any] = {
    "process": "p", "operation": 1, "kind": "send", "stream": "s", "offset": 5, "value": "a", "outcome": "ok",
    "start_ns": 10, "end_ns": 20,
}  # fmt: skip


def lines(folder: Path, *rows: dict[str, Any]) -> Path:
    file = folder / "told.jsonl"
    file.write_text("".join(json.dumps(LINE | row) + "\n" for row in rows))
    return file


def test_what_is_written_is_read(tmp_path: Path) -> None:
    told = Broker().did("p", sent("s", None, "a"), outcome="indeterminate").did("c", assigned("s"))
    told = told.did("c", got("s", 10**15, "a"), got_nothing("t"))
    messages = read_messages(told.save(tmp_path / "told.parquet"))
    assert [messages.shown("process", row) for row in range(4)] == ["p", "c", "c", "c"]
    assert [messages.shown("stream", row) for row in range(4)] == ["s", "s", "s", "t"]
    assert messages.operation.tolist() == [0, 1, 2, 2]
    assert messages.act.tolist() == [Act.SEND, Act.ASSIGN, Act.POLL, Act.POLL]
    assert messages.fate.tolist() == [Fate.INDETERMINATE, Fate.OK, Fate.OK, Fate.OK]
    assert messages.located.tolist() == [False, False, True, False]
    assert messages.offset[2] == 10**15
    assert messages.valued.tolist() == [True, False, True, False]
    assert messages.timed
    for name in ("process", "stream", "act", "fate", "located", "valued", "operation", "start_ns", "end_ns"):
        assert getattr(messages, name).tolist() == getattr(told.messages(), name).tolist(), name


def test_json_lines_are_read_and_a_version_is_told(tmp_path: Path) -> None:
    file = lines(
        tmp_path,
        {"version": "1.0"},
        {"kind": "poll", "process": "c", "operation": 2, "value": "b", "version": "2.0"},
    )
    messages = read_messages(file)
    assert [messages.shown("version", row) for row in range(2)] == ["1.0", "2.0"]
    told = judge_one(messages, "unexpected")
    assert told.status is Status.FAIL
    assert told.reason.endswith("first b of stream s at offset 5, received by process c at 0.000 s from version 2.0.")


def test_numbers_need_no_names(tmp_path: Path) -> None:
    file = tmp_path / "told.parquet"
    columns = (
        "1 process, 1 operation, 'send' kind, 7 stream, 3 \"offset\", 9 AS value, 'ok' outcome, 0 start_ns, 1 end_ns"
    )
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"COPY (SELECT {columns}) TO '{file}' (FORMAT parquet)")
    messages = read_messages(file)
    assert (messages.shown("stream", 0), messages.shown("value", 0), messages.shown("version", 0)) == (7, 9, None)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"kind": "sned"}, "row 2: the kind is none of send, poll, assign, subscribe"),
        ({"outcome": "info"}, "row 2: the outcome is none of ok, fail, indeterminate"),
        ({"process": None}, "row 2: needs a process"),
        ({"stream": None}, "row 2: needs a process and an operation, a message a stream"),
        ({"end_ns": 5}, "row 2: needs a process and an operation, a message a stream, and an end no earlier than"),
        ({"end_ns": None}, "row 2: needs"),
        ({"operation": 1, "outcome": "fail"}, "row 2: this and the row before are one operation, but differ"),
        ({"operation": "x"}, "cannot be read"),
    ],
)
def test_what_is_no_history_is_refused(tmp_path: Path, row: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        read_messages(lines(tmp_path, {}, {"operation": 2} | row))


def test_a_file_that_is_not_there_or_lacks_a_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no such file"):
        read_messages(tmp_path / "none.parquet")
    (tmp_path / "x.parquet").write_text("no parquet")
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_messages(tmp_path / "x.parquet")


def test_an_empty_history_is_unknown(tmp_path: Path) -> None:
    messages = read_messages(Broker().save(tmp_path / "told.parquet"))
    assert judge_one(messages, "lost-write").status is Status.UNKNOWN
