"""HTTP/1.1 for the API: requests one after the other on connections that are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus

import httptools

from harness.toxics.api import TEXT, Answer, Request

BODY_SIZE_MAX = 16 * 1024 * 1024


class HttpConnection(asyncio.Protocol):
    """One client's."""

    def __init__(self, answer: Callable[[Request], Answer]) -> None:
        self._answer = answer
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._target = b""
        self._user_agent = ""
        self._body = bytearray()

    # ── from asyncio ─────────────────────────────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(HTTPStatus.BAD_REQUEST)
        except httptools.HttpParserError:
            self._refuse(HTTPStatus.BAD_REQUEST)

    # ── from httptools ───────────────────────────────────────────────────────────────────────────────────────────

    def on_message_begin(self) -> None:
        self._target = b""
        self._user_agent = ""
        self._body.clear()

    def on_url(self, part: bytes) -> None:
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"user-agent":
            self._user_agent = value.decode("latin-1")

    def on_body(self, part: bytes) -> None:
        if len(self._body) + len(part) > BODY_SIZE_MAX:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            self._body += part

    def on_message_complete(self) -> None:
        method = self._parser.get_method().decode()
        request = Request(method, self._target.decode("latin-1"), bytes(self._body), self._user_agent)
        self._write(method, self._answer(request), keep=self._parser.should_keep_alive())

    def _refuse(self, status: HTTPStatus) -> None:
        reason = f"{status.value} {status.phrase}".encode()
        self._write("", Answer(status, reason, TEXT), keep=False)

    def _write(self, method: str, answer: Answer, keep: bool) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        lines = [
            f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
            f"Date: {formatdate(usegmt=True)}",
        ]
        if answer.content_type:
            lines.append(f"Content-Type: {answer.content_type}")
        if answer.status != HTTPStatus.NO_CONTENT:
            lines.append(f"Content-Length: {len(answer.body)}")
        if not keep:
            lines.append("Connection: close")
        head = "".join(f"{line}\r\n" for line in lines).encode()
        self._transport.write(head + b"\r\n" + (b"" if method == "HEAD" else answer.body))
        if not keep:
            self._transport.close()
