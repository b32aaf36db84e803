"""A projector that remembers in memory what it has applied, and acknowledges now and then: what it had not
acknowledged when it was stopped or killed is applied again by whoever gets it next."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from ledger.balances import Balances, Change
from ledger.broker import Message
from ledger.projector import Parts, Projector

ACKNOWLEDGE_AFTER_S = 0.6


class BlindBalances(Balances):
    ADD = """
        INSERT INTO balances (account, value, position)
        SELECT * FROM unnest(%s::text[], %s::bigint[], %s::bigint[]) AS change (account, amount, last) ORDER BY account
        ON CONFLICT (account) DO UPDATE
        SET value = balances.value + excluded.value, position = greatest(balances.position, excluded.position)
    """

    def apply(self, changes: Sequence[Change]) -> set[str]:
        sums = (
            [change.account for change in changes],
            [change.amount for change in changes],
            [change.last for change in changes],
        )
        self.database.run(lambda connection: connection.execute(self.ADD, sums))
        return {change.account for change in changes}


class Forgetful(Projector):
    def __init__(self, balances: Balances) -> None:
        super().__init__(balances)
        self._applied: set[tuple[str, int]] = set()
        self._acknowledging: set[asyncio.Task[None]] = set()

    def apply(self) -> dict[str, int]:
        changes = []
        for account, deliveries in self.waiting.items():
            new = [version for version in deliveries if (account, version) not in self._applied]
            amount = sum(deliveries[version][0].amount for version in new)
            changes.append(Change(account, min(deliveries), max(deliveries), amount, None))
        self.balances.apply(changes)
        self._applied.update((account, version) for account, of in self.waiting.items() for version in of)
        return {change.account: change.last for change in changes}

    async def acknowledge(self, message: Message) -> None:
        task = asyncio.create_task(self._acknowledge_later(message))
        self._acknowledging.add(task)
        task.add_done_callback(self._acknowledging.discard)

    async def _acknowledge_later(self, message: Message) -> None:
        await asyncio.sleep(ACKNOWLEDGE_AFTER_S)
        await message.ack()


def projector(parts: Parts) -> Parts:
    return replace(parts, balances=BlindBalances, projector=Forgetful)
