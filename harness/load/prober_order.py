"""What a prober is told: see prober.py. Imports nothing of gevent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness.scenario import DirectWrite


@dataclass(frozen=True)
class Order:
    """Ask one instance at `path`, so often on each kind of connection, and give an answer so much time; and as often
    for what writes, if anything is to.
    """

    instance: str
    version: str
    url: str
    path: str
    rate_per_s: float
    timeout_s: float
    recording: str
    write: DirectWrite | None = None
    key_base: int = 0
    """The keys of what writes are above it."""

    def save(self, file: Path) -> None:
        file.write_bytes(msgspec.json.encode(self))

    @classmethod
    def read(cls, file: Path) -> Order:
        return msgspec.json.decode(file.read_bytes(), type=cls)
