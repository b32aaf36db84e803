"""A recording by its file's name: `.jsonl` or `.ndjson`, `.parquet`; or a folder of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from harness.errors import InvalidInput
from harness.streams import jsonlines, parquet
from harness.streams.event import OnBroken, RecordedEvent, refuse

SUFFIXES: Final = (*jsonlines.SUFFIXES, *parquet.SUFFIXES)


class Recording(Protocol):
    """Recorded events that can be read any number of times."""

    @property
    def path(self) -> Path: ...

    def events(self, on_broken: OnBroken = refuse) -> Iterator[RecordedEvent]:
        """In their recorded order, read as they are asked for.

        A broken record is told to `on_broken`, and reading goes on. Raises InvalidInput if a file cannot be read.
        """
        ...


@dataclass(frozen=True)
class Folder:
    """All recordings in a folder, by name."""

    path: Path

    def events(self, on_broken: OnBroken = refuse) -> Iterator[RecordedEvent]:
        for recording in self._recordings():
            yield from recording.events(on_broken)

    def _recordings(self) -> list[Recording]:
        return [open_recording(path) for path in sorted(self.path.iterdir()) if path.suffix in SUFFIXES]


def open_recording(path: Path) -> Recording:
    """Raises InvalidInput if there is nothing of that name, or nothing that is a recording."""
    if path.is_dir():
        if not any(file.suffix in SUFFIXES for file in path.iterdir()):
            raise InvalidInput(f"holds no recording: no file that ends in {', '.join(SUFFIXES)}", file=path)
        return Folder(path)
    _known(path)
    if not path.is_file():
        raise InvalidInput("there is no such recording", file=path)
    return parquet.Parquet(path) if path.suffix in parquet.SUFFIXES else jsonlines.JsonLines(path)


def write_recording(path: Path, events: Iterable[RecordedEvent]) -> int:
    """Write to a file, in the format that its name says; how many events there were.

    The file appears under its name only when it is whole; what was begun is removed if that is not to be.
    Raises InvalidInput if the name tells no format, or the folder does not exist.
    """
    _known(path)
    if not path.parent.is_dir():
        raise InvalidInput("its folder does not exist", file=path)
    write = parquet.write if path.suffix in parquet.SUFFIXES else jsonlines.write
    partial = path.with_name(f".{path.name}.partial")
    try:
        count = write(partial, events)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return count


def _known(path: Path) -> None:
    if path.suffix not in SUFFIXES:
        raise InvalidInput(f"is not a recording's name; they end in {', '.join(SUFFIXES)}", file=path)
