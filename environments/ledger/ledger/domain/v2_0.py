"""Release 2.0: an amount has a currency. The new field is additive, so 1.x still reads what 2.0 writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ledger.domain.account import Account, Domain, Event


@dataclass(frozen=True)
class InCurrency(Event):
    class_version: ClassVar[int] = 2

    currency: str

    @staticmethod
    def upcast_v1_v2(state: dict[str, object]) -> None:
        """Called by the library's mapper for events stored by 1.x, which knew no other currency."""
        state["currency"] = "EUR"

    def evolve(self, account: Account | None) -> Account:
        after = super().evolve(account)
        return Account(after.id, after.version, after.balance, self.currency)


@dataclass(frozen=True)
class Opened(InCurrency):
    TOPIC: ClassVar[str] = "ledger.opened"
    sign: ClassVar[int] = 1


@dataclass(frozen=True)
class Debited(InCurrency):
    TOPIC: ClassVar[str] = "ledger.debited"
    sign: ClassVar[int] = -1


@dataclass(frozen=True)
class Credited(InCurrency):
    TOPIC: ClassVar[str] = "ledger.credited"
    sign: ClassVar[int] = 1


DOMAIN = Domain(Opened, Debited, Credited, details={"currency": "EUR"})
