"""Release 1.1 reads both schemas and still writes the old one: the release to go through on the way to 2.0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ledger.domain.account import Account, Domain, Event


@dataclass(frozen=True)
class PossiblyInCurrency(Event):
    currency: ClassVar[str] = "EUR"
    """Not a field, so it is never written; a stored event that has one carries it in front of this."""

    def evolve(self, account: Account | None) -> Account:
        after = super().evolve(account)
        return Account(after.id, after.version, after.balance, self.currency)


@dataclass(frozen=True)
class Opened(PossiblyInCurrency):
    TOPIC: ClassVar[str] = "ledger.opened"
    sign: ClassVar[int] = 1


@dataclass(frozen=True)
class Debited(PossiblyInCurrency):
    TOPIC: ClassVar[str] = "ledger.debited"
    sign: ClassVar[int] = -1


@dataclass(frozen=True)
class Credited(PossiblyInCurrency):
    TOPIC: ClassVar[str] = "ledger.credited"
    sign: ClassVar[int] = 1


DOMAIN = Domain(Opened, Debited, Credited)
