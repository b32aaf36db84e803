"""How a disturbance of a link shows to those who use it: it is slow, or it is broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.faults.probes import Exchange, Probe
from harness.protocols import Proof

TIMEOUT_S = 1.0
SURELY = 0.8
"""The share of an expected delay that is certain, as what is usual is not the same each time."""


class Symptom(Protocol):
    @property
    def probe(self) -> Probe: ...

    @property
    def timeout_s(self) -> float:
        """The patience with each question, so that a probe tells one from the other."""

    def shows(self, usual: Exchange, seen: Sequence[Exchange]) -> Proof:
        """Whether the link is disturbed: `usual` was seen before, `seen` now, on new connections."""

    def is_gone(self, usual: Exchange, seen: Exchange) -> bool: ...


@dataclass(frozen=True)
class Slow:
    """A probe takes so much longer than it usually does."""

    probe: Probe
    by_ms: float

    @property
    def timeout_s(self) -> float:
        return TIMEOUT_S + 2 * self.by_ms / 1000

    def shows(self, usual: Exchange, seen: Sequence[Exchange]) -> Proof:
        if not usual.answered:
            return Proof(False, f"a probe was not answered before either: {usual.error}")
        if others := [exchange.error for exchange in seen if exchange.error and not exchange.silent]:
            return Proof(False, f"a probe met: {others[0]}")
        added_ms = min(exchange.took_ms for exchange in seen) - usual.took_ms
        return Proof(added_ms >= SURELY * self.by_ms, f"a probe took {added_ms:.0f} ms longer")

    def is_gone(self, usual: Exchange, seen: Exchange) -> bool:
        return seen.answered and seen.took_ms < usual.took_ms + self.by_ms / 2


@dataclass(frozen=True)
class Broken:
    """A probe gets no answer, or not the whole of it."""

    probe: Probe
    timeout_s: float = TIMEOUT_S

    def shows(self, usual: Exchange, seen: Sequence[Exchange]) -> Proof:
        if not usual.answered:
            return Proof(False, f"a probe was not answered before either: {usual.error}")
        failed = [exchange.error for exchange in seen if not exchange.answered]
        broken = len(failed) == len(seen)
        return Proof(broken, f"a probe met: {failed[0] if broken else 'an ordinary answer'}")

    def is_gone(self, usual: Exchange, seen: Exchange) -> bool:
        return seen.answered
