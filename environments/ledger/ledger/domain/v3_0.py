"""Release 3.0: an amount and its currency are one field. 2.1 reads it; earlier ones look for an amount and fail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ledger.domain.account import Account, Domain, Event


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
