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
from harness.load.records import REQUEST, Outcome

PATIENT = settings(deadline=None, max_examples=50)  # a busy machine is no failure
NUMBERS = (
    *("scheduled_ns", "sent_ns", "first_byte_ns", "done_ns", "key", "stream", "position"),
    *("bytes", "status", "session"),
)
NAMES = ("operation", "lane", "error", "version", "instance")


def numbers(column: str) -> st.SearchStrategy[int]:
    size = 8 * REQUEST[column].itemsize
    if REQUEST[column].kind == "u":
        return st.integers(0, 2**size - 1)
    return st.integers(-(2 ** (size - 1)), 2 ** (size - 1) - 1)


rows = st.tuples(*(numbers(column) for column in NUMBERS))
names = st.text(st.characters(max_codepoint=255), max_size=8)
descriptions = st.tuples(
    names, names, names, names, names, st.sampled_from(Outcome), st.integers(1, 255), st.booleans()
)


@PATIENT
@given(st.lists(rows, max_size=30), st.lists(st.integers(0, 30), max_size=5))
def test_what_is_written_is_read_in_any_portions(written: list[tuple[int, ...]], looks: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "w.requests"
        records = Records([file])
        read: list[tuple[int, ...]] = []
        with closing(Recorder(file)) as recorder:
            description = recorder.describe("read", "kept", "", b"1.0", b"ledger-1", Outcome.OK)
            for number, row in enumerate(written):
                recorder.write(*row, description)  # type: ignore[arg-type, call-arg]
                if number in looks:
                    read += [tuple(record[list(NUMBERS)].item()) for record in records.new()]
        read += [tuple(record[list(NUMBERS)].item()) for record in records.new()]
        assert read == written


@PATIENT
@given(st.lists(descriptions, max_size=20))
def test_descriptions_are_read_as_they_were_given(
    written: list[tuple[str, str, str, str, str, Outcome, int, bool]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "w.requests"
        with closing(Recorder(file)) as recorder:
            for operation, lane, error, version, instance, *rest in written:
                headers = version.encode("latin-1"), instance.encode("latin-1")
                recorder.write(*[0] * 10, recorder.describe(operation, lane, error, *headers, *rest))  # type: ignore[arg-type, call-arg]
        records = Records([file])
        read = [
            (
                *(records.names[column][record[column]] for column in NAMES),
                Outcome(record["outcome"]),
                int(record["attempts"]),
                bool(record["closed_loop"]),
            )
            for record in records.new()
        ]
        assert read == written


# Every field of a record is the record's number, or its last byte: a record that is not whole would show.
WRITER = """
import itertools, sys
from pathlib import Path
from harness.load.recording import Recorder
from harness.load.records import Outcome

recorder = Recorder(Path(sys.argv[1]))
print("begun", flush=True)
for number in itertools.count():
    description = recorder.describe(f"operation {number % 50}", "", "", b"", b"", Outcome.OK, number % 255 + 1)
    recorder.write(*[number] * 7, number & 0x7FFFFFFF, number & 0xFFFF, number & 0xFFFF, description)
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
        for column in ("status", "session"):
            assert requests[column].tolist() == [number & 0xFFFF for number in expected]
        assert requests["attempts"].tolist() == [number % 255 + 1 for number in expected]
        operations = [records.names["operation"][number] for number in requests["operation"][-100:]]
        assert operations == [f"operation {number % 50}" for number in expected[-100:]]
