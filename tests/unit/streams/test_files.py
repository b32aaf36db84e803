from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from harness.errors import InvalidInput
from harness.streams.event import BrokenRecord, RecordedEvent
from harness.streams.files import open_recording, write_recording
from tests.unit.streams.events import account, event

FORMATS = ("jsonl", "parquet")
LARGE = b'{"note":"' + b"x" * 50_000_000 + b'"}'


def read(path: Path) -> list[RecordedEvent]:
    return list(open_recording(path).events())


def read_what_can_be(path: Path) -> tuple[list[RecordedEvent], list[BrokenRecord]]:
    broken: list[BrokenRecord] = []
    return list(open_recording(path).events(broken.append)), broken


def lines(path: Path, *texts: str | bytes) -> Path:
    path.write_bytes(b"\n".join(text if isinstance(text, bytes) else text.encode() for text in texts) + b"\n")
    return path


@pytest.mark.parametrize("suffix", FORMATS)
def test_what_is_written_is_read(suffix: str, tmp_path: Path) -> None:
    events = [
        event("ä", 0, b' { "a" : 1.10 }', metadata={"sequence": 7, "who": ["a", {"b": None}]}),
        event("b", 2**63 - 1, b"\x00\xff not JSON", version=2**31 - 1),
        event("b", 1, b'{"over":\n"two lines"}'),
        event("b", 2, b'"\xff"'),
        event("b", 3, b""),
    ]
    file = tmp_path / f"recording.{suffix}"
    assert write_recording(file, events) == 5
    assert read(file) == events


@pytest.mark.parametrize("suffix", FORMATS)
def test_events_of_50_mb_are_read(suffix: str, tmp_path: Path) -> None:
    events = [event("a", 1), event("a", 2, LARGE), event("a", 3)]
    file = tmp_path / f"recording.{suffix}"
    write_recording(file, events)
    assert [(each.position, len(each.data)) for each in open_recording(file).events()] == [
        (1, 12),
        (2, len(LARGE)),
        (3, 12),
    ]


def test_json_lines_hold_the_data_as_they_were(tmp_path: Path) -> None:
    write_recording(tmp_path / "a.jsonl", [event(metadata={"sequence": 3})])
    assert json.loads((tmp_path / "a.jsonl").read_text()) == {
        "stream": "account-1",
        "position": 1,
        "type": "opened",
        "data": {"amount": 5},
        "metadata": {"sequence": 3},
    }


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("nonsense", "JSON is malformed"),
        ('{"stream":"a","position":1,"type":"t","data":{}', "truncated"),
        ('{"position":1,"type":"t","data":{}}', "missing required field `stream`"),
        ('{"stream":"","position":1,"type":"t","data":{}}', "$.stream"),
        ('{"stream":"a","position":-1,"type":"t","data":{}}', "$.position"),
        ('{"stream":"a","position":"1","type":"t","data":{}}', "$.position"),
        ('{"stream":"a","position":1,"type":"t","version":0,"data":{}}', "$.version"),
        ('{"stream":"a","position":1,"type":"t","data":{},"more":1}', "unknown field `more`"),
        ('{"stream":"a","position":1,"type":"t"}', "needs either `data` or `data_base64`"),
        ('{"stream":"a","position":1,"type":"t","data":1,"data_base64":"AA=="}', "needs either"),
        ('{"stream":"a","position":1,"type":"t","data_base64":"?"}', "base64"),
        ('{"stream":"a","position":1,"type":"t","data":{},"metadata":[]}', "$.metadata"),
        ('{"stream":"a","position":1,"type":"t","data":1} {"stream":"a","position":2,"type":"t","data":1}', "trailing"),
        (b'{"stream":"a","position":1,"type":"t","data":"\xff"}', "is not UTF-8 (byte 46)"),
    ],
)
def test_a_broken_line_is_told_with_its_number_and_the_rest_is_read(
    line: str | bytes, reason: str, tmp_path: Path
) -> None:
    good = ['{"stream":"a","position":1,"type":"t","data":{}}', '{"stream":"a","position":2,"type":"t","data":{}}']
    file = lines(tmp_path / "a.jsonl", good[0], "", line, good[1])
    events, broken = read_what_can_be(file)
    assert [each.position for each in events] == [1, 2]
    assert [(each.origin, each.number) for each in broken] == [(str(file), 3)]
    assert reason in broken[0].reason
    with pytest.raises(InvalidInput, match=r"a\.jsonl:3: "):
        read(file)


def test_line_numbers_hold_far_into_a_file(tmp_path: Path) -> None:
    good = '{"stream":"a","position":1,"type":"t","data":{}}'
    file = lines(tmp_path / "a.jsonl", *[good] * 5_000, "broken", *[good] * 5_000, "{}")
    events, broken = read_what_can_be(file)
    assert len(events) == 10_000
    assert [each.number for each in broken] == [5_001, 10_002]


def test_a_file_cut_off_in_its_last_line_is_told_so(tmp_path: Path) -> None:
    write_recording(tmp_path / "a.jsonl", account("a", 3))
    whole = (tmp_path / "a.jsonl").read_bytes()
    (tmp_path / "a.jsonl").write_bytes(whole[:-5])
    events, broken = read_what_can_be(tmp_path / "a.jsonl")
    assert (len(events), [each.number for each in broken]) == (2, [3])


def test_a_broken_row_of_parquet_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    rows = "('a', '1', 'x'), ('a', 'one', 'x'), (NULL, '3', 'x'), ('a', '4', NULL), ('a', '5', '')"
    query = f"SELECT *, 't' AS type FROM (VALUES {rows}) AS rows(stream, position, data)"
    duckdb.execute(f"COPY ({query}) TO '{file}' (FORMAT parquet)")
    events, broken = read_what_can_be(file)
    assert [(each.position, each.data, each.version) for each in events] == [(1, b"x", 1), (5, b"", 1)]
    assert [each.number for each in broken] == [2, 3, 4]


def test_parquet_without_a_column_is_refused(tmp_path: Path) -> None:
    duckdb.execute(f"COPY (SELECT 'a' AS stream, 1 AS position) TO '{tmp_path / 'a.parquet'}' (FORMAT parquet)")
    with pytest.raises(InvalidInput, match=r"a.parquet: has no column type, data"):
        read(tmp_path / "a.parquet")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.parquet", b"nonsense", "cannot be read as Parquet"),
        ("a.csv", b"", "is not a recording's name; they end in .jsonl, .ndjson, .parquet"),
        ("empty", None, "holds no recording"),
        ("absent.jsonl", ..., "there is no such recording"),
    ],
)
def test_what_is_no_recording_is_refused(name: str, content: object, message: str, tmp_path: Path) -> None:
    if isinstance(content, bytes):
        (tmp_path / name).write_bytes(content)
    elif content is None:
        (tmp_path / name).mkdir()
    with pytest.raises(InvalidInput, match=message):
        read(tmp_path / name)


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path: Path) -> None:
    write_recording(tmp_path / "2.jsonl", [event(position=2)])
    write_recording(tmp_path / "1.parquet", [event(position=1)])
    (tmp_path / "notes.txt").write_text("")
    assert [each.position for each in read(tmp_path)] == [1, 2]


@pytest.mark.parametrize("suffix", FORMATS)
def test_nothing_is_left_of_a_recording_that_was_not_finished(suffix: str, tmp_path: Path) -> None:
    def breaks() -> Iterator[RecordedEvent]:
        yield event()
        raise RuntimeError("the source is gone")

    with pytest.raises(RuntimeError):
        write_recording(tmp_path / f"a.{suffix}", breaks())
    assert list(tmp_path.iterdir()) == []


def test_reading_lines_takes_no_more_memory_for_a_longer_file(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        write_recording(tmp_path / "a.jsonl", account("a", count))
        tracemalloc.start()
        for _ in open_recording(tmp_path / "a.jsonl").events():
            pass
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    short = peak(2_000)
    assert peak(20_000) < 1.5 * short
