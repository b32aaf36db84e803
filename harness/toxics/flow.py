"""One direction of a connection: bytes from a source, through its toxics if there are any, to a sink.

Callbacks of an event loop on bare sockets: no tasks and no streams, which cost several times as much a connection. A
source is read no faster than its sink takes it: what waits in between is one read, and what the toxics hold.
"""

from __future__ import annotations

import socket
from asyncio import AbstractEventLoop, TimerHandle
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.toxics.pipeline import Pipeline
from harness.toxics.stages import Bytes, End
from harness.toxics.toxic import Dice, Toxic

READ_SIZE = 256 * 1024
CHUNK_SIZE = 32 * 1024
"""What toxics get at a time, as toxiproxy's do."""

_buffer = bytearray(READ_SIZE)
_view = memoryview(_buffer)


@dataclass(slots=True)
class Counter:
    """Bytes of one direction of a proxy, so far."""

    received: int = 0
    sent: int = 0


class Owner(Protocol):
    """The connection that a flow is a direction of."""

    def delivered(self, side: socket.socket) -> None:
        """All that was to go to that side has."""

    def lost(self, side: socket.socket) -> None:
        """That side is closed, by its peer without notice, or by a toxic."""

    def reset(self) -> None: ...


class Flow:
    __slots__ = (
        "_counter",
        "_end",
        "_loop",
        "_owner",
        "_pending",
        "_pipeline",
        "_reading",
        "_source_ended",
        "_timer",
        "_writing",
        "over",
        "sink",
        "source",
    )

    def __init__(
        self, loop: AbstractEventLoop, owner: Owner, source: socket.socket, sink: socket.socket, counter: Counter
    ) -> None:
        self.source = source
        self.sink = sink
        self.over = False
        """Nothing goes through any more."""
        self._loop = loop
        self._owner = owner
        self._counter = counter
        self._pipeline: Pipeline | None = None
        self._timer: TimerHandle | None = None
        self._pending: Bytes = b""
        """What the sink did not take yet."""
        self._end: End | None = None
        """What comes when it has."""
        self._source_ended = False
        self._reading = False
        self._writing = False

    def start(self) -> None:
        self._read(True)

    def arrange(self, toxics: Sequence[Toxic], dice: Dice, number: int) -> None:
        """From now on go through these."""
        if self.over or self._end or (not toxics and self._pipeline is None):
            return
        self._pipeline = self._pipeline or Pipeline(dice, number)
        self._pipeline.arrange(toxics, self._loop.time())
        self._pump()

    def finish(self, end: End) -> None:
        """The source gives nothing any more."""
        if self.over or self._source_ended:
            return
        self._source_ended = True
        self._read(False)
        if self._pipeline is None:
            self._conclude(end)
        else:
            self._pipeline.finish(end, self._loop.time())
            self._pump()

    def stop(self) -> None:
        """Deliver nothing any more."""
        self.over = True
        self._pending = b""
        self._pipeline = None
        self._read(False)
        self._write(False)
        if self._timer:
            self._timer.cancel()
            self._timer = None

    # ── from the source ──────────────────────────────────────────────────────────────────────────────────────────

    def _readable(self) -> None:
        if self._pipeline is not None:
            self._take_chunk(self._pipeline)
            return
        try:
            count = self.source.recv_into(_buffer)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._owner.lost(self.source)
            return
        if count:
            self._counter.received += count
            self._send(_view[:count])
        else:
            self.finish(End.FINISHED)

    def _take_chunk(self, pipeline: Pipeline) -> None:
        try:
            data = self.source.recv(CHUNK_SIZE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._owner.lost(self.source)
            return
        if data:
            self._counter.received += len(data)
            pipeline.offer(data, self._loop.time())
            self._pump()
        else:
            self.finish(End.FINISHED)

    def _pump(self) -> None:
        """Let through what is due, and see to it that this is called again when more is."""
        pipeline = self._pipeline
        if pipeline is None:
            return
        now_s = self._loop.time()
        for release in pipeline.pump(now_s, self._is_ready):
            if isinstance(release, End):
                self._conclude(release)
            else:
                self._send(release.data)
        if self.over:
            return
        if not pipeline and not self._source_ended:
            self._pipeline = None  # the last toxic is gone, and all that it held
        self._wake(pipeline.due_s(now_s))
        self._read(not self._source_ended and not self._pending and pipeline.has_room())

    def _is_ready(self) -> bool:
        return not (self.over or self._pending or self._end)

    def _wake(self, due_s: float | None) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = None if due_s is None else self._loop.call_at(due_s, self._pump)

    # ── to the sink ──────────────────────────────────────────────────────────────────────────────────────────────

    def _send(self, data: Bytes) -> None:
        sent = self._give(data)
        if sent is not None and sent < len(data):
            self._pending = memoryview(bytes(data[sent:]))  # of its own, as the buffer is everybody's
            self._read(False)
            self._write(True)

    def _writable(self) -> None:
        sent = self._give(self._pending)
        if sent is None:
            return
        self._pending = self._pending[sent:]
        if self._pending:
            return
        self._write(False)
        if self._end:
            self._conclude(self._end)
        elif self._pipeline is not None:
            self._pump()
        else:
            self._read(not self._source_ended)

    def _give(self, data: Bytes) -> int | None:
        """How much of it the sink takes; None if that is lost."""
        try:
            sent = self.sink.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError:
            self._owner.lost(self.sink)
            return None
        self._counter.sent += sent
        return sent

    def _conclude(self, end: End) -> None:
        if end is End.RESET:
            self._owner.reset()
        elif self._pending:
            self._end = end
        elif end is End.CUT:
            self._owner.lost(self.sink)
        else:
            self.stop()
            self._owner.delivered(self.sink)

    def _read(self, wanted: bool) -> None:
        if wanted is not self._reading:
            self._reading = wanted
            if wanted:
                self._loop.add_reader(self.source.fileno(), self._readable)
            else:
                self._loop.remove_reader(self.source.fileno())

    def _write(self, wanted: bool) -> None:
        if wanted is not self._writing:
            self._writing = wanted
            if wanted:
                self._loop.add_writer(self.sink.fileno(), self._writable)
            else:
                self._loop.remove_writer(self.sink.fileno())
