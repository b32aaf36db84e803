"""A connection to the broker that was lost stays lost: the projector runs on, and gets nothing any more."""

from __future__ import annotations

from dataclasses import replace

import nats

from ledger.broker import Client
from ledger.projector import Parts


async def connect_once(url: str, name: str) -> Client:
    return await nats.connect(
        url, name=name, connect_timeout=1, allow_reconnect=False, ping_interval=1, max_outstanding_pings=2
    )


def projector(parts: Parts) -> Parts:
    return replace(parts, connect=connect_once)
