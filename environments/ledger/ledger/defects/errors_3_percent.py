"""Answers three of a hundred requests with 500."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

from ledger.traffic import is_traffic

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from ledger.service import Parts

EVERY = 33


def failing(application: ASGIApp) -> ASGIApp:
    requests = count(1)

    async def fail_now_and_then(scope: Scope, receive: Receive, send: Send) -> None:
        if is_traffic(scope) and next(requests) % EVERY == 0:
            await send({"type": "http.response.start", "status": 500, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})
        else:
            await application(scope, receive, send)

    return fail_now_and_then


def service(parts: Parts) -> Parts:
    return replace(parts, middleware=lambda application: failing(parts.middleware(application)))
