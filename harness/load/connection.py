"""One connection to a server, on gevent's loop: raw non-blocking sockets and one watcher each.

The greenlet that uses a connection sleeps once per request; the watcher's callback reads and parses in the hub, and
wakes it when the answer is complete. That, and one `send` per request, is what makes it lean.
"""

from __future__ import annotations

import _socket  # the C type: gevent patches `socket`, and its wrappers cost more than all the rest
import errno
import ssl
from time import monotonic_ns

from gevent import get_hub
from greenlet import getcurrent, greenlet

from harness.load.answers import CONNECT, PROTOCOL, RESET
from harness.load.responses import MalformedResponse, ResponseReader
from harness.load.target import Target
from harness.load.tls import TlsChannel

_READ, _WRITE = 1, 2  # libev's
_READ_BYTES = 16_384
_ESTABLISHED = 1  # tcp_states.h
_UNREACHABLE = frozenset(
    {errno.ECONNREFUSED, errno.ECONNRESET, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ETIMEDOUT, errno.EPIPE}
)
"""The server's or the network's doing. Others, like having run out of ports or descriptors, are this machine's."""


class Connection:
    """Opened, used for one request after another by one greenlet, closed. No method raises for what a server does."""

    def __init__(self, target: Target, tls: ssl.SSLContext | None) -> None:
        self._target = target
        self._hub = get_hub()
        self._socket = _socket.socket(
            target.family, _socket.SOCK_STREAM | _socket.SOCK_NONBLOCK | _socket.SOCK_CLOEXEC, 0
        )
        self._socket.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        self._watcher = self._hub.loop.io(self._socket.fileno(), _READ)
        self._tls = None if tls is None else TlsChannel(tls, target.host)
        self._waiter: greenlet | None = None
        self._busy = False
        self._failure: str | None = None
        self.response = ResponseReader()
        self.sent_ns = 0
        self.first_byte_ns = 0
        self.done_ns = 0
        self.fresh = True
        self.closed = False

    def open(self) -> str | None:
        """Connect; the kind of error, if it failed. Raises OSError if this machine cannot make connections."""
        self.fresh = False
        code = self._socket.connect_ex(self._target.address)
        if code == errno.EINPROGRESS and not self._established():  # on loopback it mostly is, at once
            if error := self._wait_for(_WRITE):
                return error
            code = self._socket.getsockopt(_socket.SOL_SOCKET, _socket.SO_ERROR)
        if code in _UNREACHABLE:
            return CONNECT
        if code not in (0, errno.EINPROGRESS):
            raise OSError(code, f"cannot connect to {self._target.authority}: {errno.errorcode.get(code, code)}")
        if self._tls is not None and (error := self._shake_hands(self._tls)):
            return error
        self._watcher.start(self._on_readable)
        return None

    def usable(self) -> bool:
        """Whether the server, as far as this machine's kernel knows, has not closed it."""
        return not self.closed and self._established()

    def exchange(self, request: bytes, *, for_head: bool) -> str | None:
        """Send a request and wait for the answer; the kind of error, if there is none.

        `sent_ns`, `first_byte_ns` and `done_ns` are 0 for what did not happen.
        """
        self.response.begin(for_head=for_head)
        self.sent_ns = self.first_byte_ns = self.done_ns = 0
        self._busy = True
        error = self._send(request if self._tls is None else self._tls.encrypt(request))
        if not self._busy:
            error = self._failure  # answered before the request was sent to its end
        elif error is None:
            error = self._wait()
        self._busy = False
        if error is not None or not self.response.reusable:
            self.close()
        return error

    def wake(self, error: str | None = None) -> None:
        """Let the greenlet that waits here go on, with an error if its wait was in vain. Only from the hub."""
        waiter = self._waiter
        if waiter is not None:
            waiter.switch(error)

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._watcher.stop()
            self._watcher.close()
            self._socket.close()

    def _established(self) -> bool:
        # The state is the first byte of struct tcp_info. Unlike a read that finds nothing, asking raises nothing.
        return self._socket.getsockopt(_socket.IPPROTO_TCP, _socket.TCP_INFO, 1)[0] == _ESTABLISHED

    def _wait(self) -> str | None:
        self._waiter = getcurrent()
        try:
            # Not `hub.switch`: that asks each time for hooks that no greenlet here has.
            error: str | None = greenlet.switch(self._hub)
            return error
        finally:
            self._waiter = None

    def _wait_for(self, events: int) -> str | None:
        watcher = self._hub.loop.io(self._socket.fileno(), events)
        watcher.start(self.wake)
        try:
            return self._wait()
        finally:
            watcher.stop()
            watcher.close()

    def _send(self, data: bytes) -> str | None:
        now = monotonic_ns()
        while data:
            try:
                sent = self._socket.send(data)
            except BlockingIOError:
                busy = self._busy
                if (error := self._wait_for(_WRITE)) or busy != self._busy:
                    return error
                continue
            except OSError:
                return RESET
            self.sent_ns = self.sent_ns or now
            data = data[sent:]
        return None

    def _receive(self) -> bytes | None:
        """What has come; empty at the end, None if there is nothing yet."""
        try:
            return self._socket.recv(_READ_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def _on_readable(self) -> None:
        data = self._receive()
        if data is None:
            return
        now = monotonic_ns()
        try:
            plain = data if self._tls is None else self._tls.decrypt(data)
            if not self._busy:
                if plain or not data:  # closed while idle, or speaks unasked: either way its end
                    self.close()
                return
            if plain:
                self.first_byte_ns = self.first_byte_ns or now
                self.response.feed(plain)
        except (MalformedResponse, ssl.SSLError):
            self._finish(PROTOCOL)
            return
        if not data:
            self.response.end()
        if self.response.complete:
            self.done_ns = now
            self._finish(None)
        elif not data:
            self._finish(RESET)

    def _finish(self, error: str | None) -> None:
        self._busy = False
        self._failure = error
        self.wake(error)

    def _shake_hands(self, tls: TlsChannel) -> str | None:
        data: bytes | None = b""
        while True:
            try:
                finished, reply = tls.handshake(data or b"")
            except ssl.SSLError:
                return CONNECT
            if error := self._send(reply):
                return CONNECT if error == RESET else error
            self.sent_ns = 0  # nothing of a request
            if finished:
                return None
            if error := self._wait_for(_READ):
                return error
            data = self._receive()
            if data == b"":
                return CONNECT
