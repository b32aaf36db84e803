"""Answers as soon as it has decided, and commits a moment later: what conflicts by then, or dies with the process, is
lost although its client was told that it is done."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from threading import Timer

from eventsourcing.persistence import IntegrityError

from ledger.application import Ledger
from ledger.database import Unavailable
from ledger.domain.account import Event
from ledger.recorder import Claim, KeyUsed
from ledger.service import Parts

log = logging.getLogger(__name__)

WRITE_BEHIND_S = 0.15


class WriteBehind(Ledger):
    def commit(self, events: Sequence[Event], claim: Claim) -> None:
        timer = Timer(WRITE_BEHIND_S, self._commit_later, (events, claim))
        timer.daemon = True
        timer.start()

    def _commit_later(self, events: Sequence[Event], claim: Claim) -> None:
        try:
            super().commit(events, claim)
        except (IntegrityError, KeyUsed, Unavailable) as error:
            log.warning("%s: %r", claim.request, error)


def service(parts: Parts) -> Parts:
    return replace(parts, ledger=WriteBehind)
