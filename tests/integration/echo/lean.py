"""As service.py, for many requests a second: one thread, nothing but the standard library.

GET /work?ms=N answers after N ms. SIGTERM: accepts nothing more, finishes what is in flight, exits 0.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

HEAD = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-Version: {VERSION}\r\nX-Instance: {INSTANCE}\r\n{more}\r\ndone"
KEEPING, CLOSING = (HEAD.format(**os.environ, more=more).encode() for more in ("", "Connection: close\r\n"))


class Connection(asyncio.Protocol):
    """Of requests without bodies, one after the other."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._received = b""
        self._answering = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.connections.add(self)

    def connection_lost(self, _: Exception | None) -> None:
        self._server.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._received.endswith(b"\r\n\r\n"):
            return
        request, self._received = self._received, b""
        after_ms = int(request.split(b" ", 2)[1].partition(b"ms=")[2] or 0)
        self._answering = True
        asyncio.get_running_loop().call_later(after_ms / 1000, self._answer, b"connection: close" in request.lower())

    def _answer(self, last: bool) -> None:
        self._answering = False
        last = last or self._server.stopping
        self._transport.write(CLOSING if last else KEEPING)
        if last:
            self._transport.close()

    def close_if_idle(self) -> None:
        if not self._answering:
            self._transport.close()


class Server:
    def __init__(self) -> None:
        self.connections: set[Connection] = set()
        self.stopping = False

    async def run(self, host: str, port: int) -> None:
        loop, asked_to_stop = asyncio.get_running_loop(), asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, asked_to_stop.set)
        listening = await loop.create_server(lambda: Connection(self), host, port, backlog=512)
        await asked_to_stop.wait()
        await asyncio.sleep(0.02)  # what has been connected already is taken
        listening.close()
        self.stopping = True
        for connection in tuple(self.connections):
            connection.close_if_idle()
        while self.connections:
            await asyncio.sleep(0.01)


if __name__ == "__main__":
    asyncio.run(Server().run(sys.argv[1], int(sys.argv[2])))
