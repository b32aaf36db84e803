from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.load.journal import Stall
from harness.load.recording import Recorder, Records
from tests.unit.load.samples import write_request


def test_a_reader_sees_what_was_written_since_it_last_looked(tmp_path: Path) -> None:
    file = tmp_path / "w.requests"
    with closing(Recorder(file)) as recorder:
        records = Records([file])
        assert len(records.new()) == 0
        write_request(recorder, key=1)
        write_request(recorder, key=2)
        assert records.new()["key"].tolist() == [1, 2]
        assert len(records.new()) == 0
        write_request(recorder, key=3)
        assert records.new()["key"].tolist() == [3]
        assert records.all()["key"].tolist() == [1, 2, 3]


def test_a_recording_that_does_not_exist_yet_is_empty(tmp_path: Path) -> None:
    file = tmp_path / "w.requests"
    records = Records([file])
    assert len(records.new()) == 0
    assert records.stalls() == []
    with closing(Recorder(file)) as recorder:
        write_request(recorder)
    assert len(records.new()) == 1


def test_names_are_known_when_their_first_record_is(tmp_path: Path) -> None:
    file = tmp_path / "w.requests"
    records = Records([file])
    with closing(Recorder(file)) as recorder:
        for version in ("1.0", "2.0", "1.0"):
            write_request(recorder, version=version)
            (record,) = records.new()
            assert records.names["version"][record["version"]] == version


def test_several_workers_share_one_table_of_names(tmp_path: Path) -> None:
    files = [tmp_path / "a.requests", tmp_path / "b.requests"]
    records = Records(files)
    for file, versions in zip(files, (("1.0", "2.0"), ("2.0", "1.0")), strict=True):
        with closing(Recorder(file)) as recorder:
            for version in versions:
                write_request(recorder, version=version)
    seen = [records.names["version"][number] for number in records.new()["version"]]
    assert seen == ["1.0", "2.0", "2.0", "1.0"]
    assert records.names["version"] == ["", "1.0", "2.0"]


def test_a_recording_grows_past_its_first_chunk(tmp_path: Path) -> None:
    file = tmp_path / "w.requests"
    records = Records([file])
    with closing(Recorder(file)) as recorder:
        for key in range(20_000):
            write_request(recorder, key=key)
        assert recorder.count == 20_000
    assert records.new()["key"].tolist() == list(range(20_000))


def test_stalls_are_read_in_their_order(tmp_path: Path) -> None:
    file = tmp_path / "w.requests"
    with closing(Recorder(file)) as recorder:
        recorder.journal.append(Stall(300, 400))
        recorder.journal.append(Stall(100, 200))
    assert Records([file]).stalls() == [(100, 200), (300, 400)]


def test_nothing_is_recorded_over(tmp_path: Path) -> None:
    Recorder(tmp_path / "w.requests").close()
    with pytest.raises(FileExistsError):
        Recorder(tmp_path / "w.requests")


def test_another_file_is_no_recording(tmp_path: Path) -> None:
    file = tmp_path / "w.requests"
    file.write_bytes(b"x" * 200)
    with pytest.raises(HarnessError, match="not a recording"):
        Records([file]).new()


def test_a_half_written_line_of_the_journal_waits_for_its_rest(tmp_path: Path) -> None:
    file = tmp_path / "w.requests"
    with closing(Recorder(file)) as recorder:
        recorder.journal.append(Stall(1, 2))
    with file.with_suffix(".journal").open("ab") as journal:
        journal.write(b'{"type":"stall","from_ns":3')
        journal.flush()
        assert Records([file]).stalls() == [(1, 2)]
        journal.write(b',"until_ns":4}\n')
        journal.flush()
        assert Records([file]).stalls() == [(1, 2), (3, 4)]
