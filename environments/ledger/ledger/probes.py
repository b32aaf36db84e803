"""/live and /ready for a process that serves nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ledger.settings import Settings

READ_TIMEOUT_S = 2.0


class Probes:
    """As much of HTTP/1.1 as a probe needs, one request a connection."""

    def __init__(self, settings: Settings, ready: Callable[[], bool]) -> None:
        self._settings = settings
        self._ready = ready
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, self._settings.host, self._settings.port)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), READ_TIMEOUT_S)
            writer.write(self._answer(head.split(b" ", 2)[1]))
            await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, IndexError):
            return  # Whoever asked went away or did not speak HTTP.
        finally:
            writer.close()

    def _answer(self, path: bytes) -> bytes:
        match path:
            case b"/live":
                status = "200 OK"
            case b"/ready":
                status = "200 OK" if self._ready() else "503 Service Unavailable"
            case _:
                status = "404 Not Found"
        return (
            f"HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n"
            f"x-version: {self._settings.version}\r\nx-instance: {self._settings.instance}\r\n\r\n"
        ).encode()
