"""Faults of links between a service and a store, by toxiproxy's vocabulary."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar

from harness.environment import StoreKind
from harness.errors import HarnessError, InvalidInput
from harness.protocols import Effect, Link, Linked, Proof, System, Toxic
from harness.waiting import until

KINDS = ("latency", "timeout", "reset_peer", "down")
PROBE_TIMEOUT_S = 1.0
HEAL_TIMEOUT_S = 5.0
_HELLO = {
    # A PostgreSQL server answers an SSLRequest with one byte; a NATS server speaks first.
    StoreKind.POSTGRES: b"\x00\x00\x00\x08\x04\xd2\x16\x2f",
    StoreKind.NATS: b"",
}


@dataclass(frozen=True)
class Exchange:
    """What a probe saw of one link: whether the store answered through it, after how long, or how it failed."""

    answered: bool
    took_ms: float
    error: str = ""


def probe(link: Link, kind: StoreKind, timeout_s: float = PROBE_TIMEOUT_S) -> Exchange:
    """Connect through the link as a client would and wait for the store's first byte."""
    began = time.monotonic()
    error = ""
    answered = False
    try:
        with socket.create_connection(link.address, timeout=timeout_s) as connection:
            connection.sendall(_HELLO[kind])
            answered = connection.recv(1) != b""
            error = "" if answered else "closed without an answer"
    except TimeoutError:
        error = f"no answer within {timeout_s:g} s"
    except OSError as cause:
        error = cause.strerror or type(cause).__name__
    return Exchange(answered, (time.monotonic() - began) * 1000, error)


@dataclass(frozen=True)
class _Disturbed(Effect):
    system: System
    linked: Linked
    fault: LinkFault
    usual_ms: float

    def bites(self) -> Proof:
        exchange = self._probe()
        if exchange is None:
            return Proof(False, f"no instance of {self.fault.service} is linked to {self.fault.store}")
        if self.fault.kind == "latency":
            added_ms = exchange.took_ms - self.usual_ms
            expected_ms = self.fault.attributes.get("latency", 0) - self.fault.attributes.get("jitter", 0)
            slow = exchange.answered and added_ms >= 0.8 * expected_ms > 0
            return Proof(
                slow or bool(exchange.error), f"a probe took {added_ms:.0f} ms longer {exchange.error}".strip()
            )
        return Proof(not exchange.answered, f"a probe met: {exchange.error or 'an ordinary answer'}")

    def heals(self) -> Proof:
        healed = until(self._answers_as_usual, HEAL_TIMEOUT_S)
        return Proof(healed, f"a probe {'is answered' if healed else 'is not answered'} as before")

    def _answers_as_usual(self) -> bool:
        exchange = self._probe()
        if exchange is None:
            return True
        disturbed_ms = 0.5 * self.fault.attributes.get("latency", 0)
        return exchange.answered and (not disturbed_ms or exchange.took_ms < self.usual_ms + disturbed_ms)

    def _probe(self) -> Exchange | None:
        link = self.fault.link(self.linked)
        if link is None:
            return None
        patience_s = PROBE_TIMEOUT_S + self.fault.attributes.get("latency", 0) / 1000
        return probe(link, self.fault.store_kind(self.system), patience_s)


@dataclass(frozen=True)
class LinkFault:
    """Disturbs every link from `service` to `store`, also those of instances that are added meanwhile.

    `kind` is `latency`, `timeout`, `reset_peer` (with toxiproxy's attributes, in its units) or `down`: all connections
    cut, new ones refused.
    """

    service: str
    store: str
    kind: str
    attributes: Mapping[str, int] = field(default_factory=dict)

    needs: ClassVar[frozenset[type]] = frozenset({Linked})

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InvalidInput(f"a link fault is one of {', '.join(KINDS)}, not {self.kind!r}")
        if self.kind == "latency" and self.attributes.get("latency", 0) < 1:
            raise InvalidInput("a latency fault needs the attribute latency, in ms, of at least 1")

    @property
    def target(self) -> str:
        return f"{self.service} -> {self.store}"

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        assert isinstance(system, Linked)
        link = self.link(system)
        if link is None:
            raise HarnessError(f"there is no link {self.target} to break")
        usual = probe(link, self.store_kind(system))
        name = f"fault_{self.kind}"
        self._break(system, name)
        try:
            yield _Disturbed(system, system, self, usual.took_ms)
        finally:
            self._mend(system, name)

    def link(self, linked: Linked) -> Link | None:
        matching = [link for link in linked.links() if (link.service, link.target) == (self.service, self.store)]
        return matching[-1] if matching else None

    def store_kind(self, system: System) -> StoreKind:
        return next(store.kind for store in system.environment.stores if store.name == self.store)

    def _break(self, linked: Linked, name: str) -> None:
        if self.kind == "down":
            linked.sever(self.service, self.store)
        else:
            linked.poison(self.service, self.store, name, Toxic(self.kind, self.attributes))

    def _mend(self, linked: Linked, name: str) -> None:
        if self.kind == "down":
            linked.mend(self.service, self.store)
        else:
            linked.cure(self.service, self.store, name)
