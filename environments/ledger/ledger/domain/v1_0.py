"""Release 1.0: an amount is a number of cents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ledger.domain.account import Domain, Event


@dataclass(frozen=True)
class Opened(Event):
    TOPIC: ClassVar[str] = "ledger.opened"
    sign: ClassVar[int] = 1


@dataclass(frozen=True)
class Debited(Event):
    TOPIC: ClassVar[str] = "ledger.debited"
    sign: ClassVar[int] = -1


@dataclass(frozen=True)
class Credited(Event):
    TOPIC: ClassVar[str] = "ledger.credited"
    sign: ClassVar[int] = 1


DOMAIN = Domain(Opened, Debited, Credited)
