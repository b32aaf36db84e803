"""Versions of the tests' own code, replayed for real."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from harness.replay.ordered import Ordered, order
from harness.replay.process import Limits
from harness.replay.versions import HELPER, Version
from harness.streams.event import RecordedEvent, refuse
from harness.streams.files import Recording, open_recording, write_recording

CODE = Path(__file__).parent / "code"
LIMITS = Limits(start_s=120, answer_s=60)
"""Far more than is needed, as a machine may be busy; only what hangs on purpose gets less."""


def version(target: str, name: str = "", **variables: str) -> Version:
    """Of `code`, by the helper, for example `shop:healthy`."""
    named = name or target.partition(":")[2]
    return Version(named, (sys.executable, str(HELPER), target), {"PYTHONPATH": str(CODE), **variables}, CODE)


def paid(
    stream: str, position: int, amount: object = 5, *, type: str = "paid", version: int = 1, more: str = ""
) -> RecordedEvent:
    return RecordedEvent(stream, position, type, version, f'{{"amount":{amount}{more}}}'.encode())


def recording(folder: Path, events: Iterable[RecordedEvent]) -> Recording:
    file = folder / "recording.jsonl"
    write_recording(file, events)
    return open_recording(file)


def ordered(folder: Path, events: Iterable[RecordedEvent]) -> Ordered:
    [part] = order(recording(folder, events), folder, refuse)
    return part
