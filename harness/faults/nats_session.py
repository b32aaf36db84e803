"""Sessions of faults with a NATS server, on bare sockets: the client of NATS is asynchronous alone, and reads.

Subjects and answers: https://docs.nats.io/reference/reference-protocols/nats-protocol and, for what a server tells an
account of itself without a monitoring port, https://docs.nats.io/running-a-nats-service/configuration/sys_accounts
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from harness.errors import HarnessError

TIMEOUT_S = 5.0
INBOX = "_INBOX.rollproof"
FLOOD = f"{INBOX}.flood"
MESSAGE = b"PUB %s %d\r\n%s\r\n" % (FLOOD.encode(), 64 << 10, b"x" * (64 << 10))
BATCH = MESSAGE * 16
RECEIVE_BUFFER = 4096
"""In bytes. What a kernel holds for who does not read is no load for the server."""
SEND_S_MAX = 0.2

Answer: TypeAlias = Mapping[str, Any]
"""JSON, as the server gives it."""


def request(url: str, subject: str, body: Mapping[str, Any] | None = None) -> Answer:
    """Raises HarnessError if there is no answer."""
    data = b"" if body is None else json.dumps(body).encode()
    try:
        with socket.create_connection(_address(url), timeout=TIMEOUT_S) as connection:
            hello = b'CONNECT {"verbose":false}\r\nSUB %s 1\r\n' % INBOX.encode()
            connection.sendall(hello + b"PUB %s %s %d\r\n%s\r\n" % (subject.encode(), INBOX.encode(), len(data), data))
            with connection.makefile("rb") as lines:
                for line in lines:
                    if line.startswith(b"MSG"):
                        return dict(json.loads(lines.read(int(line.split()[-1]))))
                    if line.startswith(b"PING"):
                        connection.sendall(b"PONG\r\n")
    except (OSError, ValueError) as error:
        raise HarnessError(f"NATS does not answer {subject}: {error}") from error
    raise HarnessError(f"NATS does not answer {subject}: the connection was closed")


# ── what the server tells of itself ──────────────────────────────────────────────────────────────────────────────────


def slow_consumers(url: str) -> int:
    """How many the server has counted so far, in the account of whoever has none."""
    return sum(int(each["slow_consumers"]) for each in _told(url, "STATZ", {}, "account_statz"))


def pending_bytes(url: str, client: int) -> int | None:
    """What the server has not got rid of yet to one connection; None if it has no such connection."""
    found = _told(url, "CONNZ", {"cid": client}, "connections")
    return int(found[0]["pending_bytes"]) if found else None


def _told(url: str, what: str, body: Mapping[str, Any], part: str) -> Sequence[Answer]:
    answer = request(url, f"$SYS.REQ.ACCOUNT.PING.{what}", body)
    if "data" not in answer:
        raise HarnessError(f"NATS tells nothing of {what}: {answer.get('error')}")
    return list(answer["data"][part])


# ── who does not read ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class SlowSubscriber:
    """Subscribes to subjects and never reads.

    It also floods itself, on a subject of its own that no stream keeps, as a system's own events may be too few to fill
    the server's buffers in the time of a fault. When the server has had enough of it and hangs up, it comes again.
    """

    url: str
    subjects: Sequence[str]
    client: int = 0
    """The server's number of its last connection."""
    cut_off: int = 0
    """How often the server hung up."""
    _connection: socket.socket | None = field(default=None, init=False)
    _unsent: memoryview = field(default=memoryview(b""), init=False)

    def connect(self) -> None:
        """Returns when the server has its subscriptions; the answer to that is the last that is read.

        Raises HarnessError.
        """
        connection = socket.socket()
        try:
            connection.settimeout(TIMEOUT_S)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            connection.connect(_address(self.url))
            self.client = self._subscribe(connection)
            connection.settimeout(SEND_S_MAX)
        except (OSError, ValueError) as error:
            connection.close()
            raise HarnessError(f"NATS takes no subscriber: {error}") from error
        self._connection = connection
        self._unsent = memoryview(b"")

    def press(self) -> None:
        """A little more than there was; it comes again if it was cut off. Does nothing while there is no server."""
        if self._connection is None:
            with suppress(HarnessError):
                self.connect()
            return
        self._unsent = self._unsent or memoryview(BATCH)
        try:
            self._unsent = self._unsent[self._connection.send(self._unsent) :]
        except TimeoutError:  # the server takes no more just now
            return
        except OSError:
            self.cut_off += 1
            self.close()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _subscribe(self, connection: socket.socket) -> int:
        subscriptions = "".join(f"SUB {each} {n}\r\n" for n, each in enumerate((FLOOD, *self.subjects), start=1))
        with connection.makefile("rb") as lines:
            client = int(json.loads(lines.readline().removeprefix(b"INFO ")).get("client_id", 0))
            connection.sendall(b'CONNECT {"verbose":false}\r\n' + subscriptions.encode() + b"PING\r\n")
            lines.readline()
        return client


def _address(url: str) -> tuple[str, int]:
    place = urlsplit(url)
    return place.hostname or "", place.port or 0
