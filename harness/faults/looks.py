"""Faults that are seen by one question, asked before, while they are in, and after: does it fail, and with what?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from harness.protocols import Effect, Proof
from harness.waiting import until

PROOF_TIMEOUT_S = 5.0
HEAL_TIMEOUT_S = 10.0
POLL_S = 0.1


@dataclass(frozen=True)
class Seen:
    broken: bool
    """In the way that the fault breaks it; what fails otherwise is no proof of it."""
    by: str


Look: TypeAlias = Callable[[], Seen]


@dataclass(frozen=True)
class Looked(Effect):
    look: Look
    before: Seen

    def bites(self) -> Proof:
        if self.before.broken:
            return Proof(False, f"it was so before: {self.before.by}")
        until(lambda: self.look().broken, PROOF_TIMEOUT_S, POLL_S)
        now = self.look()
        return Proof(now.broken, now.by)

    def heals(self) -> Proof:
        until(lambda: not self.look().broken, HEAL_TIMEOUT_S, POLL_S)
        now = self.look()
        return Proof(not now.broken, now.by)
