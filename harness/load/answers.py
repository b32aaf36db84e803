"""What came of one request, and what is known of its effect."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from harness.load.records import Outcome

TIMEOUT = "timeout"
CONNECT = "connect"  # refused, unreachable: nothing was sent
RESET = "reset"  # the connection ended after a byte was sent and before the answer was complete
PROTOCOL = "protocol"  # the answer is not HTTP/1.1
STATUS = "status"  # 5xx, or a status that the user class does not count as served
REFUSED = "refused"  # 4xx: a served answer that the request may not be done

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Methods that change nothing, by RFC 9110, 9.2.1."""

# Why Envoy answers 503 in place of an instance that it never reached. A connection that ended *after* the request was
# sent ("connection termination") is not among them.
_NEVER_SENT = (
    b"no healthy upstream",
    b"reset reason: overflow",
    b"reset reason: connection failure",
    b"reset reason: local connection failure",
    b"reset reason: remote connection failure",
    b"reset reason: connection timeout",
)


class Answer(NamedTuple):
    """What one request came to.

    `status` is 0 and `body` empty if there was no complete answer; `headers` have lower-case names. `error` is None
    if the request was served, else one of the kinds in this module. `position` is what the answer's position header
    said, None without one.
    """

    outcome: Outcome
    error: str | None
    status: int
    headers: Mapping[bytes, bytes]
    body: bytes
    position: int | None

    @property
    def ok(self) -> bool:
        return self.outcome is Outcome.OK


def judge_status(
    status: int, *, writes: bool, never_reached: bool, expect: Collection[int] = (), unserved: Collection[int] = ()
) -> tuple[Outcome, str | None]:
    """The outcome and error of a complete answer.

    A 5xx tells nothing of a write's effect, unless the router says that no instance ever got it. Statuses in `expect`
    are as good as 2xx; those in `unserved` are errors of the service although they are 4xx.
    """
    if 200 <= status < 400 or status in expect:
        return Outcome.OK, None
    if status < 500 and status not in unserved:
        return Outcome.FAIL, REFUSED
    if writes and status >= 500 and not never_reached:
        return Outcome.INDETERMINATE, STATUS
    return Outcome.FAIL, STATUS


def judge_failure(error: str, *, writes: bool, sent: bool) -> tuple[Outcome, str]:
    """The outcome and error of a request without a complete answer: a write that was sent may have happened."""
    return (Outcome.INDETERMINATE if writes and sent else Outcome.FAIL), error


def never_reached_an_instance(headers: Mapping[bytes, bytes], body: bytes, *, attempts: int) -> bool:
    """Whether this 503 is Envoy's own, and says that no instance got the request.

    Only a first attempt counts: an earlier one may have reached an instance.
    """
    if attempts > 1 or headers.get(b"server") != b"envoy":
        return False
    return b"x-envoy-overloaded" in headers or any(reason in body for reason in _NEVER_SENT)
