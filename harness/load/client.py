"""The HTTP client of one virtual user: one attempt per request, on its kept connection or on a new one.

It never sends a request again. A kept connection that the server closed while it was idle is replaced before anything
is sent; once a byte is sent, an end without an answer is an error, and the caller's to record.
"""

from __future__ import annotations

import ssl
from time import monotonic_ns

from harness.load.answers import RESET, TIMEOUT
from harness.load.connection import Connection
from harness.load.responses import ResponseReader
from harness.load.target import Target

NEVER_NS = 1 << 62


class Client:
    """Used by one greenlet. After `exchange`, the other attributes tell of it; times are 0 for what did not happen."""

    def __init__(self, target: Target, tls: ssl.SSLContext | None) -> None:
        self._target = target
        self._tls = tls
        self._kept: Connection | None = None
        self._current: Connection | None = None
        self.deadline_ns = NEVER_NS
        """When to call `expire`; NEVER_NS while nothing is in flight."""
        self.opened = False
        """Whether a connection was opened for the request."""
        self.response = ResponseReader()
        self.sent_ns = 0
        self.first_byte_ns = 0
        self.done_ns = 0

    def exchange(self, request: bytes, *, deadline_ns: int, keep: bool, for_head: bool = False) -> str | None:
        """Send a request and wait for its answer; the kind of error, if there is none.

        `keep`: use the kept connection, and keep it. A request whose deadline has passed is not sent.
        """
        self.opened = False
        self.sent_ns = self.first_byte_ns = 0
        if monotonic_ns() >= deadline_ns:
            self.response = ResponseReader()
            self.done_ns = monotonic_ns()
            return TIMEOUT
        self.deadline_ns = deadline_ns
        connection = self._connection(keep=keep)
        error = self._exchange_on(connection, request, for_head=for_head)
        if error == RESET and not connection.sent_ns and not self.opened:
            # The server closed it between the look and the send: still nothing has left this machine.
            connection = self._connection(keep=keep)
            error = self._exchange_on(connection, request, for_head=for_head)
        self.deadline_ns = NEVER_NS
        self.response = connection.response
        self.sent_ns = connection.sent_ns
        self.first_byte_ns = connection.first_byte_ns
        self.done_ns = connection.done_ns or monotonic_ns()
        if not keep:
            connection.close()
        return error

    def expire(self) -> None:
        """The deadline has passed: end what is in flight. Only from the hub."""
        if self._current is not None:
            self._current.wake(TIMEOUT)

    def close(self) -> None:
        if self._kept is not None:
            self._kept.close()

    def _connection(self, *, keep: bool) -> Connection:
        if keep and self._kept is not None:
            if self._kept.usable():
                return self._kept
            self._kept.close()
        self.opened = True
        connection = Connection(self._target, self._tls)
        if keep:
            self._kept = connection
        return connection

    def _exchange_on(self, connection: Connection, request: bytes, *, for_head: bool) -> str | None:
        self._current = connection
        if connection.fresh and (error := connection.open()):
            connection.close()
            return error
        return connection.exchange(request, for_head=for_head)
