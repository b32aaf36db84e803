"""Trusts the wall clocks of those who write: a projector takes an event that is dated before the last one of its
account for an old one, and leaves it out. As long as all clocks agree it never shows."""

from __future__ import annotations

import json
from dataclasses import replace

from ledger.balances import Balances
from ledger.projector import Delivery, Parts, Projector, continuation


class NewestWins(Projector):
    def __init__(self, balances: Balances) -> None:
        super().__init__(balances)
        self._newest: dict[str, str] = {}
        """Date of the last event of each account."""

    def apply(self) -> dict[str, int]:
        positions = self.balances.positions(self.waiting)
        changes, dates = [], {}
        for account, waiting in self.waiting.items():
            change = continuation(account, positions.get(account, 0), waiting)
            if change is not None:
                deliveries = [waiting[version][0] for version in range(change.first, change.last + 1)]
                counted, dates[account] = self._newer(account, deliveries)
                changes.append(replace(change, amount=counted))
        applied = self.balances.apply(changes)
        self._newest.update((account, dates[account]) for account in applied)
        return positions | {change.account: change.last for change in changes if change.account in applied}

    def _newer(self, account: str, deliveries: list[Delivery]) -> tuple[int, str]:
        """The sum of those that are not dated before one that was there, and the last date."""
        amount, newest = 0, self._newest.get(account, "")
        for delivery in deliveries:
            date = str(json.loads(delivery.message.data)["at"])
            if date >= newest:
                amount, newest = amount + delivery.amount, date
        return amount, newest


def projector(parts: Parts) -> Parts:
    return replace(parts, projector=NewestWins)
