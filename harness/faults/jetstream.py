"""Requests to the JetStream API of a NATS server, on a bare socket: the client of NATS is asynchronous alone.

Subjects and answers: https://docs.nats.io/reference/reference-protocols/nats_api_reference
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from harness.errors import HarnessError

TIMEOUT_S = 5.0
INBOX = "_INBOX.rollproof"
STREAM_NOT_FOUND = 10059

Answer: TypeAlias = Mapping[str, Any]
"""JSON, as the server gives it."""


def request(url: str, subject: str, body: Mapping[str, Any] | None = None) -> Answer:
    """Raises HarnessError if there is no answer."""
    place = urlsplit(url)
    data = b"" if body is None else json.dumps(body).encode()
    try:
        with socket.create_connection((place.hostname or "", place.port or 0), timeout=TIMEOUT_S) as connection:
            hello = b'CONNECT {"verbose":false}\r\nSUB %s 1\r\n' % INBOX.encode()
            connection.sendall(hello + b"PUB %s %s %d\r\n%s\r\n" % (subject.encode(), INBOX.encode(), len(data), data))
            with connection.makefile("rb") as lines:
                for line in lines:
                    if line.startswith(b"MSG"):
                        return dict(json.loads(lines.read(int(line.split()[-1]))))
                    if line.startswith(b"PING"):
                        connection.sendall(b"PONG\r\n")
    except (OSError, ValueError) as error:
        raise HarnessError(f"JetStream does not answer {subject}: {error}") from error
    raise HarnessError(f"JetStream does not answer {subject}: the connection was closed")


def stream_config(url: str, stream: str) -> Mapping[str, Any] | None:
    """None if there is no such stream. Raises HarnessError."""
    answer = request(url, f"$JS.API.STREAM.INFO.{stream}")
    error = answer.get("error")
    if error is None:
        return dict(answer["config"])
    if error.get("err_code") == STREAM_NOT_FOUND:
        return None
    raise HarnessError(f"JetStream tells nothing of the stream {stream}: {error.get('description')}")


def delete_stream(url: str, stream: str) -> None:
    _agreed(request(url, f"$JS.API.STREAM.DELETE.{stream}"), f"the stream {stream} cannot be deleted")


def create_stream(url: str, stream: str, config: Mapping[str, Any]) -> None:
    _agreed(request(url, f"$JS.API.STREAM.CREATE.{stream}", config), f"the stream {stream} cannot be made")


def _agreed(answer: Answer, otherwise: str) -> None:
    if error := answer.get("error"):
        raise HarnessError(f"{otherwise}: {error.get('description')}")
