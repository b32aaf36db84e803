"""A fold on msgspec Structs, for the fast way."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from msgspec import Struct


class Amount(Struct, gc=False):
    amount: int
    currency: str = ""


class Line(Struct, tag_field="type", gc=False):
    position: int
    data: Amount
    version: int = 1


class Paid(Line, tag="paid", gc=False):
    pass


class Refunded(Line, tag="refunded", gc=False):
    pass


class Account:
    def __init__(self) -> None:
        self.balance = 0
        self.currency = ""


def _paid(account: Account, event: Paid) -> Account:
    account.balance += event.data.amount
    account.currency = event.data.currency if event.version > 1 else "EUR"
    return account


def _refunded(account: Account, event: Refunded) -> Account:
    if event.data.amount < 0:
        raise ValueError("a refund is not negative")
    account.balance -= event.data.amount
    return account


class Accounts:
    events: ClassVar = (Paid, Refunded)
    fold: ClassVar[dict[type, Callable[..., Account]]] = {Paid: _paid, Refunded: _refunded}
    start = Account
