"""What is recorded is read again, at any moment, also after the writer was killed in the middle of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.load.recording import Recorder, Records
from harness.load.records import NAMED_COLUMNS, REQUEST

PATIENT = settings(deadline=None, max_examples=50)  # a busy machine is no failure
FIELDS = [name for name in REQUEST.names or () if name != "pad"]


def numbers(column: str) -> st.SearchStrategy[int]:
    size = 8 * REQUEST[column].itemsize
    if REQUEST[column].kind == "u":
        return st.integers(0, 2**size - 1)
    return st.integers(-(2 ** (size - 1)), 2 ** (size - 1) - 1)


unnamed = st.tuples(*(st.just(0) if name in NAMED_COLUMNS else numbers(name) for name in FIELDS))


@PATIENT
@given(st.lists(unnamed, max_size=30), st.lists(st.integers(0, 30), max_size=5))
def test_what_is_written_is_read_in_any_portions(rows: list[tuple[int, ...]], looks: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "w.requests"
        records = Records([file])
        read: list[tuple[int, ...]] = []
        with closing(Recorder(file)) as recorder:
            for number, row in enumerate(rows):
                recorder.write(*row)
                if number in looks:
                    read += [tuple(record[FIELDS].item()) for record in records.new()]
        read += [tuple(record[FIELDS].item()) for record in records.new()]
        assert read == rows


@PATIENT
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, max_size=20))
def test_names_are_read_as_they_were_given(names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "w.requests"
        with closing(Recorder(file)) as recorder:
            for name in names:
                row = [0] * len(FIELDS)
                row[FIELDS.index("version")] = recorder.number("version", name)
                recorder.write(*row)
        records = Records([file])
        assert [records.names["version"][record["version"]] for record in records.new()] == names


# Every field of a record is the record's number, or its last byte: a record that is not whole would show.
WRITER = """
import itertools, sys
from pathlib import Path
from harness.load.recording import Recorder

recorder = Recorder(Path(sys.argv[1]))
print("begun", flush=True)
for number in itertools.count():
    name = recorder.number("operation", f"operation {number % 50}")
    low = number & 0xFF
    recorder.write(*[number] * 7, number & 0x7FFFFFFF, low, name, 0, 0, 0, 0, low, low, low, low)
"""


@settings(deadline=None, max_examples=8)
@given(st.floats(0.0, 0.1))
def test_after_sigkill_every_record_is_whole(after_s: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "w.requests"
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(file)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        with writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            try:
                writer.wait(after_s)
            except subprocess.TimeoutExpired:
                writer.send_signal(signal.SIGKILL)
        records = Records([file])
        requests = records.all()
        expected = range(len(requests))
        for column in ("scheduled_ns", "sent_ns", "first_byte_ns", "done_ns", "key", "stream", "position"):
            assert requests[column].tolist() == list(expected)
        for column in ("outcome", "attempts", "closed_loop"):
            assert requests[column].tolist() == [number & 0xFF for number in expected]
        operations = [records.names["operation"][number] for number in requests["operation"][-100:]]
        assert operations == [f"operation {number % 50}" for number in expected[-100:]]
