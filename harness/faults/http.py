"""Faults of users' requests, put in by the router."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar

from harness.errors import InvalidInput
from harness.protocols import Account, Breakage, Effect, Meddlesome, Proof, RequestTrouble, System
from harness.waiting import until

PROOF_TIMEOUT_S = 5.0
"""For the users to send what is met."""
HEAL_TIMEOUT_S = 10.0
SPARED = 20
"""Requests without one that is broken are enough; where there are no users, a while without them."""
SPARED_S = 1.0
POLL_S = 0.05


@dataclass(frozen=True)
class _Meddled(Effect):
    meddlesome: Meddlesome
    way: Breakage
    broken_before: int

    def bites(self) -> Proof:
        until(lambda: self._broken() > 0, PROOF_TIMEOUT_S, POLL_S)
        broken = self._broken()
        return Proof(broken > 0, f"the router counted {broken} requests that it broke ({self.way})")

    def heals(self) -> Proof:
        """None is held back any more, and of those that come none is broken."""
        if not until(lambda: self.meddlesome.meddling(self.way).active == 0, HEAL_TIMEOUT_S, POLL_S):
            return Proof(False, "the router still holds requests back")
        before = self.meddlesome.meddling(self.way)
        until(lambda: self.meddlesome.meddling(self.way).requests >= before.requests + SPARED, SPARED_S, POLL_S)
        after = self.meddlesome.meddling(self.way)
        broken, came = after.broken - before.broken, after.requests - before.requests
        return Proof(broken == 0, f"the router counted {broken} of {came} requests that it broke")

    def _broken(self) -> int:
        return self.meddlesome.meddling(self.way).broken - self.broken_before


@dataclass(frozen=True)
class _RequestFault:
    """Which requests it meets: a share of those whose path begins with `path`, that have all `headers`, and that are
    for `version`; what is empty matches all."""

    share: float = 1.0
    path: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    version: str = ""

    needs: ClassVar[frozenset[type]] = frozenset({Meddlesome})

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise InvalidInput(f"share must be above 0 and at most 1, and is {self.share:g}")
        if self.path and not self.path.startswith("/"):
            raise InvalidInput(f"path must begin with a slash, and is {self.path!r}")

    @property
    def target(self) -> str:
        where = (self.path and f"to {self.path}", self.version and f"for {self.version}")
        return " ".join(("requests", *filter(None, where)))

    @property
    def trouble(self) -> RequestTrouble:
        raise NotImplementedError

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        assert isinstance(system, Meddlesome)
        trouble = self.trouble
        before = system.meddling(trouble.way).broken
        system.break_requests(trouble)
        try:
            yield _Meddled(system, trouble.way, before)
        finally:
            system.spare_requests(trouble.way)


@dataclass(frozen=True)
class HttpAbort(_RequestFault):
    """The router itself answers, with `status`; the service never sees the request."""

    status: int = 503

    account: ClassVar[Account] = Account(
        "the router answers a share of the requests itself, with an error",
        "Envoy counts requests that it aborted",
        "Envoy confirms routes without it; of those that come it aborts none",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 400 <= self.status < 600:
            raise InvalidInput(f"status must be one of an error, 400 to 599, and is {self.status}")

    @property
    def trouble(self) -> RequestTrouble:
        which = (self.share, self.path, self.headers, self.version)
        return RequestTrouble(Breakage.ABORT, *which, status=self.status)


@dataclass(frozen=True)
class HttpDelay(_RequestFault):
    """The router holds requests back for `delay_ms` before they go on to the service."""

    delay_ms: int = 500

    account: ClassVar[Account] = Account(
        "the router holds a share of the requests back",
        "Envoy counts requests that it delayed",
        "Envoy confirms routes without it; none is held back, and of those that come it delays none",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.delay_ms < 1:
            raise InvalidInput(f"delay_ms must be at least 1, and is {self.delay_ms}")

    @property
    def trouble(self) -> RequestTrouble:
        which = (self.share, self.path, self.headers, self.version)
        return RequestTrouble(Breakage.DELAY, *which, delay_ms=self.delay_ms)
