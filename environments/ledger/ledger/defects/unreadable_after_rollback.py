"""2.0 that writes already what 3.0 writes: an object in place of the amount. It reads everything itself; 1.x, which a
rollback brings back, finds no amount in what was written meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ledger.domain.v3_0 import DOMAIN

if TYPE_CHECKING:
    from ledger import projector as projector_process
    from ledger import service as service_process


def service(parts: service_process.Parts) -> service_process.Parts:
    return replace(parts, domain=DOMAIN)


def projector(parts: projector_process.Parts) -> projector_process.Parts:
    return replace(parts, domain=DOMAIN)
