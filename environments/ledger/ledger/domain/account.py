"""What all releases agree on: an account, its events, and the decisions that lead to them. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar

from eventsourcing.utils import register_topic


class InsufficientFunds(Exception):
    """An account may not go below zero."""


@dataclass(frozen=True, slots=True)
class Account:
    """State of an account after `version` events. Amounts are in cents."""

    id: str
    version: int
    balance: int
    currency: str | None = None
    """None where the release does not know of currencies."""


@dataclass(frozen=True)
class Event:
    """Something that happened to one account. The attributes but the first two are what is stored, as JSON."""

    TOPIC: ClassVar[str]
    sign: ClassVar[int]

    originator_id: str
    originator_version: int
    at: str
    key: int
    """The request that caused it, by its idempotency key."""
    amount: int

    @property
    def effect(self) -> int:
        """Signed change of the balance."""
        return self.sign * self.amount

    @property
    def denomination(self) -> str | None:
        """Its currency, where the release knows of one and the event says it."""
        return getattr(self, "currency", None)

    def evolve(self, account: Account | None) -> Account:
        before = 0 if account is None else account.balance
        return Account(self.originator_id, self.originator_version, before + self.effect)


@dataclass(frozen=True)
class Domain:
    """The event classes of a release, and the decisions."""

    opened: type[Event]
    debited: type[Event]
    credited: type[Event]
    details: Mapping[str, str] = field(default_factory=dict)
    """What this release adds to every event that it writes."""

    def register(self) -> None:
        """Tell the library which class stands for each stored topic."""
        for event in (self.opened, self.debited, self.credited):
            register_topic(event.TOPIC, event)

    def open(self, number: int, amount: int, key: int) -> Event:
        return self._happen(self.opened, str(number), 0, amount, key)

    def debit(self, account: Account, amount: int, key: int) -> Event:
        """Raises InsufficientFunds."""
        if account.balance < amount:
            raise InsufficientFunds(f"account {account.id} has {account.balance}, which is less than {amount}")
        return self._happen(self.debited, account.id, account.version, amount, key)

    def credit(self, account: Account, amount: int, key: int) -> Event:
        return self._happen(self.credited, account.id, account.version, amount, key)

    def _happen(self, event: type[Event], account: str, version: int, amount: int, key: int) -> Event:
        return event(
            originator_id=account,
            originator_version=version + 1,
            at=datetime.now(UTC).isoformat(),
            key=key,
            amount=amount,
            **self.details,
        )

    @staticmethod
    def project(account: Account | None, events: Iterable[Event]) -> Account | None:
        """Fold events into an account; None as long as there are none."""
        for event in events:
            account = event.evolve(account)
        return account
