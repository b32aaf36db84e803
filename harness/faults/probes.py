"""What a client meets on the way to a store: it connects, introduces itself, and asks.

Written on bare sockets, because a driver of a store hides what matters here: whether a connection was refused, reset,
closed or silent, and when. The stores that the harness starts trust whoever comes (PostgreSQL's `trust`, NATS without
accounts).

On a machine that has no time for the harness everything seems slow, and what is not answered in time seems silent. So
a probe's time is the time that it was awake: it looks up often, and what goes by between two looks counts only so far.
An answer may have come while it did not look, so it asks again where it overslept.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

from harness.environment import StoreKind

A = TypeVar("A")
B = TypeVar("B")

LOOK_S = 0.02
AWAKE_S_MAX = 3 * LOOK_S
"""What counts of the time between two looks."""
MEETINGS_MAX = 5
"""Where a probe oversleeps each time, what it saw last stands, which is less than it took."""
MESSAGE_SIZE_MAX = 64 * 1024
"""Of what is sent to a NATS server at a time."""
PROTOCOL_3 = 196608
SUBJECT = b"rollproof.probe"


@dataclass(frozen=True)
class Door:
    """A place at which a store is met: a link's, or its own."""

    address: tuple[str, int]
    kind: StoreKind
    url: str
    """As the harness uses it; tells the account and the database."""

    @classmethod
    def of_store(cls, kind: StoreKind, url: str) -> Door:
        """Past every link."""
        parts = urlsplit(url)
        return cls((parts.hostname or "", parts.port or 0), kind, url)


@dataclass(frozen=True)
class Exchange:
    """What a probe saw: whether the store answered, after how long, or how it failed."""

    answered: bool
    took_ms: float
    """The quickest of its questions."""
    error: str = ""
    silent: bool = False
    """Neither an answer nor an end within the probe's patience."""


class Probe(Protocol):
    def __call__(self, door: Door, timeout_s: float) -> Exchange:
        """`timeout_s` is the patience with each question."""


@dataclass(frozen=True)
class Ask:
    """Questions on one connection, that many one after the other: send so many bytes and get so many back, at least."""

    up: int = 0
    down: int = 0
    times: int = 1

    def __call__(self, door: Door, timeout_s: float) -> Exchange:
        def talk(line: Line) -> float:
            client = _client(line, door)
            client.introduce()
            return min(line.time(lambda: client.ask(self.up, self.down)) for _ in range(self.times))

        return _meet(door, timeout_s, talk)


def close(door: Door, timeout_s: float) -> Exchange:
    """From the end that this side makes to the end of the other side."""

    def talk(line: Line) -> float:
        client = _client(line, door)
        client.introduce()
        client.ask(0, 0)
        return line.time(line.hang_up)

    return _meet(door, timeout_s, talk)


class _Closed(OSError):
    """The other side has closed before it answered."""


class Line:
    """A connection, and the time that this side was awake. Its methods raise OSError."""

    def __init__(
        self, connection: socket.socket, timeout_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`clock` tells the time in seconds."""
        connection.settimeout(LOOK_S)
        self.overslept = False
        """Whether more went by between two looks than counts."""
        self._connection = connection
        self._timeout_s = timeout_s
        self._clock = clock
        self._awake_s = 0.0
        self._patience_ends_s = timeout_s

    def time(self, act: Callable[[], None]) -> float:
        """How many ms it takes; TimeoutError if that is too long."""
        began_s = self._awake_s
        self._patience_ends_s = began_s + self._timeout_s
        act()
        return (self._awake_s - began_s) * 1000

    def send(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            left = left[self._watched(self._connection.send, left) :]

    def read(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            data += self._some(size - len(data))
        return bytes(data)

    def read_past(self, word: bytes) -> None:
        data = b""
        while word not in data:
            data = data[-len(word) :] + self._some(MESSAGE_SIZE_MAX)

    def hang_up(self) -> None:
        """Returns when the other side has, too."""
        self._connection.shutdown(socket.SHUT_WR)
        while self._watched(self._connection.recv, MESSAGE_SIZE_MAX):
            pass

    def _some(self, size: int) -> bytes:
        data = self._watched(self._connection.recv, size)
        if not data:
            raise _Closed("closed without an answer")
        return data

    def _watched(self, act: Callable[[A], B], argument: A) -> B:
        """What it returns, as soon as it does."""
        while self._awake_s < self._patience_ends_s:
            began_s = self._clock()
            try:
                return act(argument)
            except TimeoutError:
                continue
            finally:
                passed_s = self._clock() - began_s
                self.overslept |= passed_s > AWAKE_S_MAX
                self._awake_s += min(passed_s, AWAKE_S_MAX)
        raise TimeoutError


def _meet(door: Door, timeout_s: float, talk: Callable[[Line], float]) -> Exchange:
    try:
        for _ in range(MEETINGS_MAX):
            with socket.create_connection(door.address, timeout=timeout_s) as connection:
                line = Line(connection, timeout_s)
                took_ms = talk(line)
            if not line.overslept:
                break
        return Exchange(True, took_ms)
    except TimeoutError:
        return Exchange(False, timeout_s * 1000, f"no answer within {timeout_s:g} s", silent=True)
    except OSError as error:
        return Exchange(False, 0.0, error.strerror or str(error) or type(error).__name__)


# ── who asks ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Client(Protocol):
    """Both methods raise OSError."""

    def introduce(self) -> None: ...
    def ask(self, up: int, down: int) -> None:
        """Send so many bytes and get so many back, at least."""


def _client(line: Line, door: Door) -> _Client:
    return _Postgres(line, door.url) if door.kind is StoreKind.POSTGRES else _Nats(line)


@dataclass(frozen=True)
class _Postgres:
    line: Line
    url: str

    def introduce(self) -> None:
        parts = urlsplit(self.url)
        words = ("user", parts.username or "postgres", "database", parts.path.removeprefix("/") or "postgres")
        body = struct.pack("!i", PROTOCOL_3) + b"".join(word.encode() + b"\0" for word in words) + b"\0"
        self.line.send(struct.pack("!i", len(body) + 4) + body)
        self._await_ready()

    def ask(self, up: int, down: int) -> None:
        """For a long text, by a statement with a long comment."""
        statement = f"SELECT repeat('x', {down}) /* {'x' * up} */".encode() + b"\0"
        self.line.send(b"Q" + struct.pack("!i", len(statement) + 4) + statement)
        self._await_ready()

    def _await_ready(self) -> None:
        """Read messages up to ReadyForQuery."""
        kind = b""
        while kind != b"Z":
            kind, size = struct.unpack("!ci", self.line.read(5))
            text = self.line.read(size - 4)
            if kind == b"E":
                raise _Closed(text.replace(b"\0", b" ").decode(errors="replace"))


@dataclass(frozen=True)
class _Nats:
    line: Line

    def introduce(self) -> None:
        self.line.send(b'CONNECT {"verbose":false}\r\nSUB %s 1\r\nPING\r\n' % SUBJECT)
        self.line.read_past(b"PONG\r\n")

    def ask(self, up: int, down: int) -> None:
        """By messages, which come back as the sender has asked for them, too."""
        left = max(up, down, 1)
        while left > 0:
            size = min(left, MESSAGE_SIZE_MAX)
            self.line.send(b"PUB %s %d\r\n%s\r\nPING\r\n" % (SUBJECT, size, b"x" * size))
            self.line.read_past(b"PONG\r\n")
            left -= size
