"""A projector that notes and acknowledges how far it has come, and applies a moment later: what lies between the two
when it is stopped or killed is never applied."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from threading import Timer

from ledger.balances import Balances, Change
from ledger.database import Unavailable
from ledger.projector import Parts

log = logging.getLogger(__name__)

APPLY_AFTER_S = 0.5


class ChecksInFirst(Balances):
    ADD = """
        UPDATE balances SET value = value + change.amount
        FROM unnest(%s::text[], %s::bigint[]) AS change (account, amount)
        WHERE balances.account = change.account
    """

    def apply(self, changes: Sequence[Change]) -> set[str]:
        noted = super().apply([replace(change, amount=0) for change in changes])
        due = [change for change in changes if change.account in noted]
        timer = Timer(APPLY_AFTER_S, self._add, (due,))
        timer.daemon = True
        timer.start()
        return noted

    def _add(self, changes: Sequence[Change]) -> None:
        sums = ([change.account for change in changes], [change.amount for change in changes])
        try:
            self.database.run(lambda connection: connection.execute(self.ADD, sums))
        except Unavailable as error:
            log.warning("%d changes are not applied: %r", len(changes), error)


def projector(parts: Parts) -> Parts:
    return replace(parts, balances=ChecksInFirst)
