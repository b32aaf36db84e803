"""Release 2.1 reads an amount and its currency in one field, as 3.0 writes them, and still writes what 2.0 writes: the
release to go through on the way to 3.0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ledger.domain import v2_0
from ledger.domain.account import Account, Domain, Event


@dataclass(frozen=True)
class PossiblyMoney(v2_0.InCurrency):
    """The library loads what a later release wrote as it is: with `money`, and without an amount and a currency."""

    @property
    def effect(self) -> int:
        money = vars(self).get("money")
        return super().effect if money is None else self.sign * int(money["cents"])

    @property
    def denomination(self) -> str | None:
        money = vars(self).get("money")
        return super().denomination if money is None else str(money["currency"])

    def evolve(self, account: Account | None) -> Account:
        after = Event.evolve(self, account)
        return Account(after.id, after.version, after.balance, self.denomination)


@dataclass(frozen=True)
class Opened(PossiblyMoney):
    TOPIC: ClassVar[str] = "ledger.opened"
    sign: ClassVar[int] = 1


@dataclass(frozen=True)
class Debited(PossiblyMoney):
    TOPIC: ClassVar[str] = "ledger.debited"
    sign: ClassVar[int] = -1


@dataclass(frozen=True)
class Credited(PossiblyMoney):
    TOPIC: ClassVar[str] = "ledger.credited"
    sign: ClassVar[int] = 1


DOMAIN = Domain(Opened, Debited, Credited, details={"currency": "EUR"})
