"""HTTP/1.1 requests, as bytes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from harness.errors import InvalidInput
from harness.load.target import Target

_REMEMBERED = 4096
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class Composer:
    """Composes requests to one target."""

    def __init__(self, target: Target) -> None:
        self._path = target.path
        self._compose_plain = lru_cache(_REMEMBERED)(
            lambda method, path, keep: self._compose(method, path, {}, b"", keep=keep)
        )
        self._host = f"host: {target.authority}"

    def compose(self, method: str, path: str, headers: Mapping[str, str] | None, body: bytes, *, keep: bool) -> bytes:
        """Raises InvalidInput for what cannot be sent: other than ASCII, or a line break where none may be."""
        if not headers and not body:
            return self._compose_plain(method, path, keep)
        return self._compose(method, path, headers or {}, body, keep=keep)

    def _compose(self, method: str, path: str, headers: Mapping[str, str], body: bytes, *, keep: bool) -> bytes:
        lines = [f"{name}: {value}" for name, value in headers.items()]
        if body or method in _WITH_BODY:
            lines.append(f"content-length: {len(body)}")
        if not keep:
            lines.append("connection: close")
        head = "\r\n".join([f"{method} {self._path}{path} HTTP/1.1", self._host, *lines, "", ""])
        breaks = len(lines) + 3
        if not head.isascii() or not head.count("\r") == head.count("\n") == breaks or " " in path:
            raise InvalidInput(f"{method} {path!r} with headers {headers!r} is no HTTP request")
        return head.encode("ascii") + body
