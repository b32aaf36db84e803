"""2.0 that replaces the amount by an object instead of adding a field beside it. It reads everything itself; 1.x, which
a rollback brings back, finds no amount in what was written meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from ledger.domain.account import Account, Domain, Event

if TYPE_CHECKING:
    from ledger import projector as projector_process
    from ledger import service as service_process


class Valued(Event):
    class_version: ClassVar[int] = 3

    money: Mapping[str, int | str]

    def __init__(
        self, *, originator_id: str, originator_version: int, at: str, key: int, amount: int, currency: str
    ) -> None:
        vars(self).update(
            originator_id=originator_id,
            originator_version=originator_version,
            at=at,
            key=key,
            money={"cents": amount, "currency": currency},
        )

    @property
    def effect(self) -> int:
        return self.sign * int(self.money["cents"])

    @property
    def currency(self) -> str:
        return str(self.money["currency"])

    def evolve(self, account: Account | None) -> Account:
        after = super().evolve(account)
        return Account(after.id, after.version, after.balance, self.currency)

    @staticmethod
    def upcast_v1_v2(state: dict[str, object]) -> None:
        state["currency"] = "EUR"

    @staticmethod
    def upcast_v2_v3(state: dict[str, object]) -> None:
        state["money"] = {"cents": state.pop("amount"), "currency": state.pop("currency")}


class Opened(Valued):
    TOPIC: ClassVar[str] = "ledger.opened"
    sign: ClassVar[int] = 1


class Debited(Valued):
    TOPIC: ClassVar[str] = "ledger.debited"
    sign: ClassVar[int] = -1


class Credited(Valued):
    TOPIC: ClassVar[str] = "ledger.credited"
    sign: ClassVar[int] = 1


DOMAIN = Domain(Opened, Debited, Credited, details={"currency": "EUR"})


def service(parts: service_process.Parts) -> service_process.Parts:
    return replace(parts, domain=DOMAIN)


def projector(parts: projector_process.Parts) -> projector_process.Parts:
    return replace(parts, domain=DOMAIN)
