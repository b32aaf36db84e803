"""What a worker is told: its plan, as a file, when it starts; commands, through a named pipe, while it runs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import msgspec

from harness.environment import Headers
from harness.scenario import Load


@dataclass(frozen=True)
class WorkerPlan:
    """One worker's part of a load. Worker k of n does every n-th arrival, from the k-th."""

    load: Load
    """Its `users` are this worker's own."""
    seed: int
    headers: Headers
    writes: tuple[str, ...]
    """Operations that write whatever their HTTP method."""
    key_base: int
    """Keys of this load are above it, and below that of any later load."""
    recording: Path
    commands: Path
    """The named pipe."""
    sessions: int
    """Virtual users of all workers."""
    worker: int = 0
    workers: int = 1

    @property
    def name(self) -> str:
        """The worker's, for people and files."""
        return f"load-{self.worker}"

    def encoded(self) -> bytes:
        return msgspec.json.encode(self, enc_hook=str)

    def write(self, path: Path) -> None:
        path.write_bytes(self.encoded())

    @classmethod
    def read(cls, path: Path) -> WorkerPlan:
        return msgspec.json.decode(path.read_bytes(), type=cls, dec_hook=_decode_path)


def _decode_path(kind: type, value: object) -> Path:
    if kind is not Path:
        raise NotImplementedError(kind)
    return Path(str(value))


class Prepare(msgspec.Struct, frozen=True, tag="prepare"):
    """The system runs, here: prepare every virtual user."""

    url: str


class Begin(msgspec.Struct, frozen=True, tag="begin"):
    """Let the load flow from this monotonic time."""

    at_ns: int


class End(msgspec.Struct, frozen=True, tag="end"):
    """Send nothing that is due from this monotonic time; finish what was due before, and exit."""

    at_ns: int


Command: TypeAlias = Prepare | Begin | End


class CommandWriter:
    """The parent's end of a worker's pipe. The worker ends when this end closes, so also when the parent dies."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path, 0o600)
        # For reading too, or opening would wait for the worker.
        self._descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)

    def send(self, command: Command) -> None:
        os.write(self._descriptor, msgspec.json.encode(command) + b"\n")

    def close(self) -> None:
        os.close(self._descriptor)


class CommandReader:
    """The worker's end. `descriptor` is readable when there is something."""

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        self._rest = b""

    def new(self) -> list[Command] | None:
        """The commands that came; None once the parent's end is closed."""
        text = os.read(self.descriptor, 65_536)
        if not text:
            return None
        *lines, self._rest = (self._rest + text).split(b"\n")
        return [msgspec.json.decode(line, type=Command) for line in lines]

    def close(self) -> None:
        os.close(self.descriptor)
