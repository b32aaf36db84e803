"""What the projector of a release takes from the messages about an account."""

from __future__ import annotations

from typing import Any

from ledger.defects import install
from ledger.domain import domain_of
from ledger.projector import Parts
from ledger.replay import Reader, Recorded, release
from ledger.settings import read_variants


class Deliveries(Reader):
    """Sums amounts, and knows the last currency; messages may be missing, and be redelivered to another."""

    def fold(self, seen: dict[str, Any] | None, recorded: Recorded) -> dict[str, Any]:
        event = self.event(recorded)
        before = 0 if seen is None else seen["value"]
        return {"value": before + event.effect, "position": recorded.position, "currency": event.denomination}


DELIVERIES = Deliveries(install("projector", Parts(domain_of(release())), read_variants()).domain)
