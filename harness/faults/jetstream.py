"""Requests to the JetStream API of a NATS server.

Subjects and answers: https://docs.nats.io/reference/reference-protocols/nats_api_reference
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.errors import HarnessError
from harness.faults.nats_session import Answer, request

STREAM_NOT_FOUND = 10059


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
