"""2.0 with the new field and without an upcaster: events of 1.x load without an error, with the currency missing, and
fail where it is first used."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from ledger.domain.account import Account, Domain, Event

if TYPE_CHECKING:
    from ledger import projector as projector_process
    from ledger import service as service_process


@dataclass(frozen=True)
class InCurrency(Event):
    currency: str

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


def service(parts: service_process.Parts) -> service_process.Parts:
    return replace(parts, domain=DOMAIN)


def projector(parts: projector_process.Parts) -> projector_process.Parts:
    return replace(parts, domain=DOMAIN)
