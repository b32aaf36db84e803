"""Requests in a memory-mapped file: written in half a microsecond, readable at any moment, whole after a SIGKILL.

A recording is two files: `<name>.requests`, a header and then records of `REQUEST`, and `<name>.journal` (see
journal.py) with the names that the records' small numbers stand for. The pages belong to the kernel as soon as they are
written, so the death of the writer loses nothing; the header's count is advanced after a record is complete, so a
reader never sees half of one. Neither survives a power cut, which no test run does.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.errors import HarnessError
from harness.load.alignment import Alignment
from harness.load.journal import Clock, Entry, JournalReader, JournalWriter, Name, Stall
from harness.load.records import NAMED_COLUMNS, REQUEST, TIME_COLUMNS, Outcome

_MAGIC = b"rollreq1"
_HEADER = struct.Struct("@8sq")  # magic; bytes of whole records
_HEADER_BYTES = 65_536  # like chunks, a multiple of every page size, as they are mapped one by one
_CHUNK_BYTES = 8_192 * REQUEST.itemsize
_RECORD = struct.Struct("@7li2H16s")  # REQUEST. Native "l" packs twice as fast as "q" and "<q"
_DESCRIPTION = struct.Struct("@3H5B5x")  # its last fields, from "operation" on
assert _RECORD.size == REQUEST.itemsize
assert _DESCRIPTION.size == 16


def journal_of(recording: Path) -> Path:
    """The journal that belongs to a file of requests."""
    return recording.with_suffix(".journal")


_Key: TypeAlias = tuple[str, str, str, bytes, bytes, int, bool]


class Recorder:
    """Writes one recording. Not safe for several threads.

    Raises FileExistsError if the recording exists, OSError if the disk is full (before a record is written, not as
    SIGBUS afterwards: chunks are allocated, not sparse).
    """

    def __init__(self, path: Path) -> None:
        self.journal = JournalWriter(journal_of(path))
        # By outcome, as a list: an enumeration's hash is a call.
        self._descriptions: list[dict[_Key, bytes]] = [{} for _ in range(max(Outcome) + 1)]
        self._numbers: dict[str, dict[str, int]] = {table: {"": 0} for table in NAMED_COLUMNS}
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        os.posix_fallocate(self._descriptor, 0, _HEADER_BYTES)
        self._header = mmap.mmap(self._descriptor, _HEADER_BYTES)
        self._committed = memoryview(self._header).cast("q")[1:2]
        _HEADER.pack_into(self._header, 0, _MAGIC, 0)
        self._before = 0  # bytes of records in earlier chunks
        self._offset = 0  # in this chunk
        self._map_chunk()

    @property
    def count(self) -> int:
        return (self._before + self._offset) // REQUEST.itemsize

    def _number(self, table: str, name: str) -> int:
        """The number that stands for `name` in the column `table`; at most 255 lanes and errors, 65,535 others."""
        numbers = self._numbers[table]
        known = numbers.get(name)
        if known is not None:
            return known
        number = numbers[name] = len(numbers)
        self.journal.append(Name(table, name))
        return number

    def describe(
        self,
        operation: str,
        lane: str,
        error: str,
        version: bytes,
        instance: bytes,
        outcome: Outcome,
        attempts: int = 1,
        closed_loop: bool = False,
    ) -> bytes:
        """What a record says apart from times and numbers, for `write`. An empty name means none.

        There are few different ones, so each is made once. Version and instance are as the answer's headers spell
        them; attempts above 255 count as 255.
        """
        known = self._descriptions[outcome]
        key = (operation, lane, error, version, instance, attempts, closed_loop)
        description = known.get(key)
        if description is None:
            description = known[key] = _DESCRIPTION.pack(
                self._number("operation", operation),
                self._number("version", version.decode("latin-1")),
                self._number("instance", instance.decode("latin-1")),
                self._number("lane", lane),
                self._number("error", error),
                outcome,
                min(attempts, 255),
                closed_loop,
            )
        return description

    def write(
        self,
        scheduled_ns: int,
        sent_ns: int,
        first_byte_ns: int,
        done_ns: int,
        key: int,
        stream: int,
        position: int,
        size: int,
        status: int,
        session: int,
        description: bytes,
    ) -> None:
        """Append one record; the arguments are the fields of REQUEST in their order."""
        offset = self._offset
        if offset == _CHUNK_BYTES:
            self._grow()
            offset = 0
        _RECORD.pack_into(
            self._chunk,
            offset,
            scheduled_ns,
            sent_ns,
            first_byte_ns,
            done_ns,
            key,
            stream,
            position,
            size,
            status,
            session,
            description,
        )
        self._offset = offset = offset + 80
        self._committed[0] = self._before + offset

    def close(self) -> None:
        self._chunk.close()
        self._committed.release()
        self._header.close()
        os.close(self._descriptor)
        self.journal.close()

    def _grow(self) -> None:
        self._chunk.close()
        self._before += _CHUNK_BYTES
        self._map_chunk()

    def _map_chunk(self) -> None:
        start = _HEADER_BYTES + self._before
        os.posix_fallocate(self._descriptor, start, _CHUNK_BYTES)
        # Populated: 160 page faults at once cost half of what they do one by one, between requests.
        flags = mmap.MAP_SHARED | mmap.MAP_POPULATE
        self._chunk = mmap.mmap(self._descriptor, _CHUNK_BYTES, flags=flags, offset=start)
        self._offset = 0


def committed_bytes(path: Path) -> int:
    """How much of a recording's records is whole; 0 for a file that does not exist yet. Raises HarnessError."""
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER.size)
    except FileNotFoundError:
        return 0
    if not any(header):
        return 0  # created, and not begun
    magic, size = _HEADER.unpack(header)
    if magic != _MAGIC:
        raise HarnessError(f"{path} is not a recording of requests")
    return int(size)


def read_records(path: Path, offset: int, size: int) -> bytes:
    """So many bytes of the records, as they are in the file; no more than have been committed may be asked for."""
    with path.open("rb") as file:
        file.seek(_HEADER_BYTES + offset)
        return file.read(size)


class RecordingCopy:
    """A recording of another machine's, copied while it is being made. It can be read at any moment like the original.

    Raises FileExistsError if there is one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        """Bytes of records."""
        self.journal_size = 0
        """Bytes of the original's journal: what is noted here beside it does not count."""
        self._journal = JournalWriter(journal_of(path))
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        self._commit()

    def append(self, records: bytes, journal: bytes) -> None:
        """What came next: whole records, and the whole lines of the journal in which their names are."""
        self._journal.copy(journal)
        self.journal_size += len(journal)
        os.pwrite(self._descriptor, records, _HEADER_BYTES + self.size)
        self.size += len(records)
        self._commit()

    def note(self, entry: Entry) -> None:
        """An entry of the harness's own."""
        self._journal.append(entry)

    def close(self) -> None:
        os.close(self._descriptor)
        self._journal.close()

    def _commit(self) -> None:
        os.pwrite(self._descriptor, _HEADER.pack(_MAGIC, self.size), 0)


Names: TypeAlias = dict[str, list[str]]
"""By column of NAMED_COLUMNS, the names that its numbers index. They only ever grow."""


class _Recording:
    """The reader's side of one recording: where it has got to, and how its numbers map to the common tables."""

    def __init__(self, path: Path, names: Names) -> None:
        self._path = path
        self._journal = JournalReader(journal_of(path))
        self._names = names
        self._common: dict[str, list[int]] = {column: [0] for column in NAMED_COLUMNS}
        self._readings: list[Clock] = []
        self._read = 0

    def new(self) -> NDArray[np.void]:
        count = committed_bytes(self._path) // REQUEST.itemsize
        self._read_journal()  # after the count: a name is in the journal before the first record that uses it
        if count == self._read:
            return np.empty(0, REQUEST)
        start = _HEADER_BYTES + self._read * REQUEST.itemsize
        records = np.fromfile(self._path, REQUEST, count - self._read, offset=start)
        self._read = count
        for column, common in self._common.items():
            records[column] = np.array(common, dtype=REQUEST[column])[records[column]]
        if self._readings:
            alignment = Alignment(self._readings)
            for column in TIME_COLUMNS:
                records[column] = alignment.times(records[column])
        return records

    def _read_journal(self) -> None:
        for entry in self._journal.new():
            if isinstance(entry, Name):
                table = self._names[entry.table]
                if entry.name not in table:
                    table.append(entry.name)
                self._common[entry.table].append(table.index(entry.name))
            elif isinstance(entry, Clock):
                self._readings.append(entry)


class Records:
    """Reads recordings, also while they are being written; several workers' files appear as one.

    Each instance has a place of its own in the files: make one for each reader. Raises HarnessError for a file that
    is no recording; a file that does not exist yet is empty.
    """

    def __init__(self, files: Iterable[Path]) -> None:
        self.files: Sequence[Path] = tuple(files)
        self.names: Names = {column: [""] for column in NAMED_COLUMNS}
        """Tables for the arrays that were returned so far, the same for all files."""
        self._recordings = [_Recording(file, self.names) for file in self.files]

    def new(self) -> NDArray[np.void]:
        """The records, of dtype REQUEST, that came since the last call; in no order."""
        return np.concatenate([recording.new() for recording in self._recordings] or [np.empty(0, REQUEST)])

    def all(self) -> NDArray[np.void]:
        """All records so far, whatever `new` has returned, with numbers by this reader's `names`."""
        again = [_Recording(file, self.names) for file in self.files]
        return np.concatenate([recording.new() for recording in again] or [np.empty(0, REQUEST)])

    def stalls(self) -> list[tuple[int, int]]:
        """When a worker did not run, as (from_ns, until_ns), in order."""
        return sorted(stall for file in self.files for stall in _stalls(JournalReader(journal_of(file)).new()))


def alignment_of(recording: Path) -> Alignment:
    """By the clock readings in a recording's journal."""
    return _alignment(JournalReader(journal_of(recording)).new())


def _alignment(entries: Iterable[Entry]) -> Alignment:
    return Alignment([entry for entry in entries if isinstance(entry, Clock)])


def _stalls(entries: Sequence[Entry]) -> Iterator[tuple[int, int]]:
    alignment = _alignment(entries)
    for entry in entries:
        if isinstance(entry, Stall):
            yield alignment.time(entry.from_ns), alignment.time(entry.until_ns)
