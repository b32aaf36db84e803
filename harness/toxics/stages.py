"""What each kind of toxic does to one stream of one connection. No sockets and no clock: time is what it is told.

Chunks are offered to a stage and released by it, when it is due, in their order. It holds few (`room`), so that a
source is not read faster than its stream flows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import ClassVar, TypeAlias

Bytes: TypeAlias = bytes | memoryview


@dataclass(frozen=True, slots=True)
class Chunk:
    data: Bytes
    at_s: float
    """When it came, or would have come by what earlier toxics have added."""


class End(Enum):
    """How a stream ends, once all before is delivered."""

    FINISHED = "finished"
    """By its source; the other direction may go on."""
    CUT = "cut"
    """The connection is closed."""
    RESET = "reset"
    """The connection is reset, whatever is still on its way."""


Release: TypeAlias = Chunk | End


class Stage:
    """Passes all on as it comes: the toxic `noop`."""

    room: ClassVar[int] = 1
    """Chunks that it takes before it has released any."""

    def __init__(self, attributes: Mapping[str, int], random: Random, now_s: float) -> None:
        self.attributes = attributes
        self.random = random
        self.waiting: deque[Chunk] = deque()
        self.ending: End | None = None
        """What follows those that are waiting."""
        self.over = False
        """Its end was released."""

    def has_room(self) -> bool:
        return len(self.waiting) < self.room

    def offer(self, chunk: Chunk, now_s: float) -> None:
        self.waiting.append(chunk)

    def finish(self, end: End, now_s: float) -> None:
        """Nothing more is offered."""
        self.ending = end

    def release(self, now_s: float) -> Release | None:
        """What is due now; None if nothing is."""
        return self.waiting.popleft() if self.waiting else self.ending

    def due_s(self) -> float | None:
        """When it is worth asking again, though nothing new was offered; None if it is not."""
        return None

    def revise(self, attributes: Mapping[str, int], now_s: float) -> None:
        """Go on by other attributes."""
        self.attributes = attributes

    def retire(self, now_s: float) -> Iterator[Release]:
        """All that it holds, at once: the toxic was taken away."""
        yield from self.waiting
        if self.ending:
            yield self.ending


class Latency(Stage):
    room = 1024

    def __init__(self, attributes: Mapping[str, int], random: Random, now_s: float) -> None:
        super().__init__(attributes, random, now_s)
        self._delay_s: float | None = None
        """Of the chunk that is next."""

    def release(self, now_s: float) -> Release | None:
        due_s = self.due_s()
        if due_s is None:
            return self.ending
        if now_s < due_s:
            return None
        self._delay_s = None
        return Chunk(self.waiting.popleft().data, due_s)

    def due_s(self) -> float | None:
        if not self.waiting:
            return None
        if self._delay_s is None:
            latency, jitter = self.attributes["latency"], self.attributes["jitter"]
            self._delay_s = (latency + (self.random.randrange(-jitter, jitter) if jitter > 0 else 0)) / 1000
        return self.waiting[0].at_s + self._delay_s

    def revise(self, attributes: Mapping[str, int], now_s: float) -> None:
        super().revise(attributes, now_s)
        self._delay_s = None


class Bandwidth(Stage):
    """A wire of that rate, which a chunk leaves when its last byte has; long ones in pieces of 100 ms."""

    room = 2
    """While one is on the wire, the next is at hand, so that the wire is not idle while there is something to send."""
    PIECE_S: ClassVar[float] = 0.1

    def __init__(self, attributes: Mapping[str, int], random: Random, now_s: float) -> None:
        super().__init__(attributes, random, now_s)
        self._free_at_s = now_s

    def offer(self, chunk: Chunk, now_s: float) -> None:
        if not self.waiting:
            self._free_at_s = max(self._free_at_s, now_s)
        super().offer(chunk, now_s)

    def release(self, now_s: float) -> Release | None:
        if not self.waiting:
            return self.ending
        due_s = self.due_s()
        if due_s is None or now_s < due_s:
            return None
        self._free_at_s = due_s
        chunk, size = self.waiting.popleft(), self._piece()
        if len(chunk.data) > size:
            rest = memoryview(chunk.data)[size:]
            self.waiting.appendleft(Chunk(rest, chunk.at_s))
        return Chunk(chunk.data[:size], chunk.at_s)

    def due_s(self) -> float | None:
        rate = self.attributes["rate"]
        if not self.waiting or rate <= 0:
            return None  # nothing gets through
        return self._free_at_s + min(len(self.waiting[0].data), self._piece()) / (rate * 1000)

    def _piece(self) -> int:
        return int(self.attributes["rate"] * 1000 * self.PIECE_S)

    def revise(self, attributes: Mapping[str, int], now_s: float) -> None:
        super().revise(attributes, now_s)
        self._free_at_s = now_s


class SlowClose(Stage):
    def __init__(self, attributes: Mapping[str, int], random: Random, now_s: float) -> None:
        super().__init__(attributes, random, now_s)
        self._finished_at_s = 0.0

    def finish(self, end: End, now_s: float) -> None:
        super().finish(end, now_s)
        self._finished_at_s = now_s

    def release(self, now_s: float) -> Release | None:
        if self.waiting:
            return self.waiting.popleft()
        due_s = self.due_s()
        return self.ending if due_s is not None and now_s >= due_s else None

    def due_s(self) -> float | None:
        return self._finished_at_s + self.attributes["delay"] / 1000 if self.ending else None

    def revise(self, attributes: Mapping[str, int], now_s: float) -> None:
        super().revise(attributes, now_s)
        self._finished_at_s = now_s


class Timeout(Stage):
    """Lets nothing through; closes when there was nothing to let through for so long, or never if that is 0."""

    def __init__(self, attributes: Mapping[str, int], random: Random, now_s: float) -> None:
        super().__init__(attributes, random, now_s)
        self._quiet_since_s = now_s

    def offer(self, chunk: Chunk, now_s: float) -> None:
        self._quiet_since_s = now_s

    def release(self, now_s: float) -> Release | None:
        due_s = self.due_s()
        return End.CUT if due_s is not None and now_s >= due_s else self.ending

    def due_s(self) -> float | None:
        timeout_ms = self.attributes["timeout"]
        return self._quiet_since_s + timeout_ms / 1000 if timeout_ms > 0 else None

    def revise(self, attributes: Mapping[str, int], now_s: float) -> None:
        super().revise(attributes, now_s)
        self._quiet_since_s = now_s

    def retire(self, now_s: float) -> Iterator[Release]:
        """Bytes are missing, so the connection is of no more use."""
        yield End.CUT


class ResetPeer(Stage):
    """Resets so long after the first byte, or the end."""

    def __init__(self, attributes: Mapping[str, int], random: Random, now_s: float) -> None:
        super().__init__(attributes, random, now_s)
        self._began_at_s: float | None = None

    def offer(self, chunk: Chunk, now_s: float) -> None:
        self._begin(now_s)

    def finish(self, end: End, now_s: float) -> None:
        self._begin(now_s)

    def _begin(self, now_s: float) -> None:
        if self._began_at_s is None:
            self._began_at_s = now_s

    def release(self, now_s: float) -> Release | None:
        due_s = self.due_s()
        return End.RESET if due_s is not None and now_s >= due_s else None

    def due_s(self) -> float | None:
        return None if self._began_at_s is None else self._began_at_s + self.attributes["timeout"] / 1000

    def retire(self, now_s: float) -> Iterator[Release]:
        if self._began_at_s is not None:  # what came since then is lost
            yield End.RESET


class Slicer(Stage):
    def __init__(self, attributes: Mapping[str, int], random: Random, now_s: float) -> None:
        super().__init__(attributes, random, now_s)
        self._slices: deque[Chunk] = deque()
        self._next_at_s = now_s

    def offer(self, chunk: Chunk, now_s: float) -> None:
        if not self._slices and not self.waiting:
            self._next_at_s = max(self._next_at_s, now_s)
        super().offer(chunk, now_s)

    def release(self, now_s: float) -> Release | None:
        if now_s < self._next_at_s:
            return None
        if not self._slices and self.waiting:
            chunk = self.waiting.popleft()
            self._slices.extend(Chunk(part, chunk.at_s) for part in self._cut(memoryview(chunk.data)))
        if not self._slices:
            return self.ending
        # By the time when it was due, not when it was asked for: delays may be shorter than a timer can be.
        self._next_at_s += self.attributes["delay"] / 1_000_000
        return self._slices.popleft()

    def due_s(self) -> float | None:
        return self._next_at_s if self._slices or self.waiting or self.ending else None

    def _cut(self, data: memoryview) -> Iterator[memoryview]:
        """Halve it, about, until the parts are as small as asked for: no part of a chunk tends to be smaller."""
        size, variation = max(1, self.attributes["average_size"]), max(0, self.attributes["size_variation"])
        if len(data) - size <= variation:
            yield data
            return
        middle = len(data) // 2 + (self.random.randrange(-variation, variation) if variation else 0)
        middle = min(max(middle, 1), len(data) - 1)
        yield from self._cut(data[:middle])
        yield from self._cut(data[middle:])

    def retire(self, now_s: float) -> Iterator[Release]:
        yield from self._slices
        yield from super().retire(now_s)


class LimitData(Stage):
    def __init__(self, attributes: Mapping[str, int], random: Random, now_s: float) -> None:
        super().__init__(attributes, random, now_s)
        self._passed = 0

    def release(self, now_s: float) -> Release | None:
        left = max(0, self.attributes["bytes"] - self._passed)
        if not left and (self._passed or self.waiting):
            return End.CUT
        if not self.waiting:
            return self.ending
        chunk = self.waiting.popleft()
        data = chunk.data[:left]
        self._passed += len(data)
        return Chunk(data, chunk.at_s)


STAGES: Mapping[str, type[Stage]] = {
    "noop": Stage,
    "latency": Latency,
    "bandwidth": Bandwidth,
    "slow_close": SlowClose,
    "timeout": Timeout,
    "reset_peer": ResetPeer,
    "slicer": Slicer,
    "limit_data": LimitData,
}
"""By the kind of toxic; `fail_first` acts before there is a stream."""
