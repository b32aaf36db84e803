"""HTTP/1.1 requests, as bytes."""

from __future__ import annotations

from collections.abc import Mapping

from harness.errors import InvalidInput
from harness.load.target import Target

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class Composer:
    """Composes requests to one target."""

    def __init__(self, target: Target) -> None:
        self._path = target.path
        self._common = f" HTTP/1.1\r\nhost: {target.authority}\r\n"

    def compose(self, method: str, path: str, headers: Mapping[str, str] | None, body: bytes, *, keep: bool) -> bytes:
        """Raises InvalidInput for what cannot be sent: other than ASCII, or a line break where none may be."""
        lines = "" if headers is None else "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        if body or method in _WITH_BODY:
            lines += f"content-length: {len(body)}\r\n"
        if not keep:
            lines += "connection: close\r\n"
        head = f"{method} {self._path}{path}{self._common}{lines}\r\n"
        if not head.isascii() or head.count("\n") != head.count("\r\n") or " " in path:
            raise InvalidInput(f"{method} {path!r} with headers {headers!r} is no HTTP request")
        return head.encode("ascii") + body
