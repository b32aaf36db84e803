"""HTTP/1.1 responses, parsed as they arrive: a thin layer over llhttp, Node's parser (httptools)."""

from __future__ import annotations

from httptools import HttpParserError, HttpResponseParser

_SPELLINGS_MAX = 1_000
BODY_BYTES_MAX = 1_048_576
"""Of a longer body the rest is counted, not kept."""


class MalformedResponse(Exception):
    """The bytes are not a response."""


class _LowerCase(dict[bytes, bytes]):
    """Header names by how servers spell them: there are few, and each is spelled the same every time."""

    def __missing__(self, name: bytes) -> bytes:
        lower = name.lower()
        if len(self) < _SPELLINGS_MAX:
            self[name] = lower
        return lower


_lower_case = _LowerCase()


class ResponseReader:
    """One connection's responses, one after another. `begin`, then `feed` until `complete`.

    `status` is 0 until the headers are there; header names are lower-case. `reusable` says, of a complete response,
    whether the connection may carry another request.
    """

    def __init__(self) -> None:
        self._received: dict[bytes, bytes] = {}
        self.on_header = self._received.__setitem__  # for httptools: a call in C, for each of many headers
        self._parser = HttpResponseParser(self)
        self._parts: list[bytes] = []
        self._for_head = False
        self._until_end = False
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.size = 0
        self.complete = False
        self.reusable = False

    def begin(self, *, for_head: bool = False) -> None:
        """Expect the response to a new request (`for_head`: one to HEAD, which has no body whatever it says)."""
        self._parts = []
        self._for_head = for_head
        self._until_end = False
        self.status = 0
        self.headers = {}
        self.size = 0
        self.complete = False
        self.reusable = False

    @property
    def body(self) -> bytes:
        return self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)

    def feed(self, data: bytes) -> None:
        """Raises MalformedResponse."""
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            # What llhttp makes of the bytes after a HEAD's headers says nothing: the connection is not used again.
            if not (self._for_head and self.complete):
                raise MalformedResponse(str(error)) from error

    def end(self) -> None:
        """The server has closed the connection: that completes a response without a length."""
        if self._until_end:
            self.complete = True

    # What httptools calls:

    def on_message_begin(self) -> None:
        self._received.clear()
        if self.complete:
            self.reusable = False  # more than was asked for

    def on_headers_complete(self) -> None:
        if self.complete:
            return
        self.status = self._parser.get_status_code()
        self.headers = headers = {_lower_case[name]: value for name, value in self._received.items()}
        if self._for_head:
            self.complete = self.status >= 200
        elif b"content-length" not in headers and b"transfer-encoding" not in headers:
            self._until_end = True

    def on_body(self, data: bytes) -> None:
        if self.complete:
            return
        if self.size < BODY_BYTES_MAX:
            self._parts.append(data)
        self.size += len(data)

    def on_message_complete(self) -> None:
        if self.complete:
            return
        if self.status < 200:  # "100 Continue" and its like precede the response
            self.begin(for_head=self._for_head)
            return
        self.complete = True
        self.reusable = self._parser.should_keep_alive()
