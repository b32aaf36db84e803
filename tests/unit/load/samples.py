"""Requests as a worker records them."""

from __future__ import annotations

from harness.load.recording import Recorder
from harness.load.records import Outcome


def write_request(
    recorder: Recorder,
    *,
    scheduled_ns: int = 1_000_000_000,
    sent_ns: int | None = None,
    first_byte_ns: int | None = None,
    done_ns: int | None = None,
    key: int = 0,
    stream: int = 0,
    position: int = 0,
    size: int = 2,
    status: int = 200,
    operation: str = "read",
    lane: str = "kept",
    error: str = "",
    version: str = "1.0",
    instance: str = "ledger-1",
    session: int = 0,
    outcome: Outcome = Outcome.OK,
    attempts: int = 1,
    closed_loop: bool = False,
) -> None:
    recorder.write(
        scheduled_ns,
        scheduled_ns + 100_000 if sent_ns is None else sent_ns,
        scheduled_ns + 1_000_000 if first_byte_ns is None else first_byte_ns,
        scheduled_ns + 1_100_000 if done_ns is None else done_ns,
        key,
        stream,
        position,
        size,
        status,
        session,
        recorder.describe(operation, lane, error, version.encode(), instance.encode(), outcome, attempts, closed_loop),
    )
