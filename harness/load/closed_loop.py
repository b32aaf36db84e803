"""Locust users of any other kind (HttpUser, FastHttpUser, …), recorded through locust's request event.

They wait for one answer before they send the next request, so their latency is optimistic, and what their clients send
again without telling is not seen. A request's `context` may carry `key`, `stream` and `lane`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Protocol

from harness.environment import Headers
from harness.load.answers import CONNECT, RESET, SAFE_METHODS, TIMEOUT, judge_failure, judge_status
from harness.load.plan import WorkerPlan
from harness.load.recording import Recorder
from harness.load.records import Outcome

LANE = "closed"
FAILED = "failed"  # the locustfile's own judgement of an answer
_ATTEMPTS_HEADER = "x-envoy-attempt-count"


class Response(Protocol):
    """What the responses of locust's clients have in common."""

    status_code: int
    headers: Mapping[str, str] | None


class ClosedLoopRecorder:
    """A listener for `events.request`."""

    def __init__(self, plan: WorkerPlan, recorder: Recorder) -> None:
        self._plan = plan
        self._recorder = recorder

    def __call__(
        self,
        *,
        request_type: str,
        name: str,
        response_time: float | None,
        response_length: int | None,
        response: Response | None = None,
        context: Mapping[str, object] | None = None,
        exception: BaseException | str | None = None,
        start_time: float | None = None,
        **_: object,
    ) -> None:
        took_ns = int((response_time or 0) * 1e6)
        now_ns = time.monotonic_ns()
        sent_ns = now_ns - took_ns if start_time is None else now_ns - int((time.time() - start_time) * 1e9)
        status = 0 if response is None else response.status_code or 0
        headers = {} if response is None or response.headers is None else response.headers
        outcome, error = self._judge(request_type, name, status, exception)
        context = context or {}
        recorder = self._recorder
        recorder.write(
            sent_ns,
            sent_ns,
            sent_ns + took_ns if status else 0,
            sent_ns + took_ns,
            _whole(context.get("key")),
            _whole(context.get("stream")),
            _whole(headers.get(self._headers.position)),
            response_length or 0,
            status,
            self._plan.worker,
            recorder.describe(
                name,
                str(context.get("lane", LANE)),
                error or "",
                (headers.get(self._headers.version) or "").encode(),
                (headers.get(self._headers.instance) or "").encode(),
                outcome,
                _whole(headers.get(_ATTEMPTS_HEADER)) or 1,
                closed_loop=True,
            ),
        )

    @property
    def _headers(self) -> Headers:
        return self._plan.headers

    def _judge(
        self, method: str, name: str, status: int, exception: BaseException | str | None
    ) -> tuple[Outcome, str | None]:
        writes = method not in SAFE_METHODS or name in self._plan.writes
        if exception is None:
            return Outcome.OK, None
        if not status:
            kind = _kind_of(exception)
            return judge_failure(kind, writes=writes, sent=kind != CONNECT)
        outcome, error = judge_status(status, writes=writes, never_reached=False)
        return (judge_failure(FAILED, writes=writes, sent=True)) if error is None else (outcome, error)


def _kind_of(exception: BaseException | str) -> str:
    """By the names of the exception and of all that it wraps: every client here has classes of its own."""
    names = [type(error).__name__.lower() for error in _chain(exception)]
    if any("refused" in name or "newconnection" in name or "gaierror" in name for name in names):
        return CONNECT
    return TIMEOUT if any("timeout" in name for name in names) else RESET


def _chain(error: object) -> Iterator[BaseException]:
    """An exception, what caused it, and what it was made with, as urllib3 wraps the reason in an argument."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        found = waiting.pop()
        if isinstance(found, BaseException) and id(found) not in seen:
            seen.add(id(found))
            yield found
            waiting += [found.__cause__, found.__context__, getattr(found, "reason", None), *found.args]


def _whole(value: object) -> int:
    text = str(value)
    return int(text) if value is not None and text.isdigit() else 0
