"""What a worker tells beside its requests: names, stalls, how far it has come. One JSON object a line, append-only.

Each line is one write, so a reader that takes whole lines sees each entry entirely, even if the writer was killed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeAlias

import msgspec


class Name(msgspec.Struct, frozen=True, tag="name"):
    """The next free number of `table` means `name`."""

    table: str
    name: str


class Stall(msgspec.Struct, frozen=True, tag="stall"):
    """The worker did not run between these times: what it measured then is its own lag."""

    from_ns: int
    until_ns: int


class Loaded(msgspec.Struct, frozen=True, tag="loaded"):
    """The locustfile is imported; the worker waits to be told the system's address."""


class Prepared(msgspec.Struct, frozen=True, tag="prepared"):
    """Every virtual user is prepared; the worker waits to be told when to begin."""


class Drained(msgspec.Struct, frozen=True, tag="drained"):
    """The load has ended and nothing is in flight."""


class Clock(msgspec.Struct, frozen=True, tag="clock"):
    """The harness's note in its copy of the journal of a worker on another machine, whose times are by its own clock.

    When that showed `at_ns`, the harness's clock showed `offset_ns` more, give or take `bound_ns`.
    """

    at_ns: int
    offset_ns: int
    bound_ns: int


Entry: TypeAlias = Name | Stall | Loaded | Prepared | Drained | Clock


class JournalWriter:
    """Appends entries to a new file. Raises FileExistsError if there is one."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)

    def append(self, entry: Entry) -> None:
        os.write(self._descriptor, msgspec.json.encode(entry) + b"\n")

    def copy(self, lines: bytes) -> None:
        """Append whole lines of another journal."""
        os.write(self._descriptor, lines)

    def close(self) -> None:
        os.close(self._descriptor)


class JournalReader:
    """Reads a journal while it is being written; a file that does not exist yet is empty."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def new(self) -> list[Entry]:
        """The whole entries that came since the last call."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                text = file.read()
        except FileNotFoundError:
            return []
        whole = text[: text.rfind(b"\n") + 1]
        self._offset += len(whole)
        return [msgspec.json.decode(line, type=Entry) for line in whole.splitlines()]
