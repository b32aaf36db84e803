"""Publishes events to JetStream, in order and once, whatever happens to this process or to the connection."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from ledger.broker import STREAM, SUBJECT, JetStream, PubAck
from ledger.outbox import Entry

log = logging.getLogger(__name__)

ACK_TIMEOUT_S = 2.0


class Publisher:
    """Each message names the sequence number that it must follow in the stream, so the broker refuses whatever comes
    after a lost message, or from an instance that does not know yet that it was replaced. A message that the broker
    has already is recognised by its id.
    """

    def __init__(self, jetstream: JetStream) -> None:
        self.jetstream = jetstream
        self._last: int | None = None

    async def publish(self, entries: Sequence[Entry]) -> int:
        """How many of `entries`, from the first on, the broker has now. Raises one of UNREACHABLE."""
        last = await self._last_sequence()
        self._last = None
        acks = await self.send([(entry, last + place) for place, entry in enumerate(entries)])
        done = 0
        for ack in acks:
            if not isinstance(ack, PubAck):
                log.warning("not published: %r", ack)
                break
            done += 1
            last = last if ack.duplicate else ack.seq
        if done == len(acks):
            self._last = last
        return done

    async def flush(self) -> None:
        """Wait until nothing is held back; here nothing ever is."""

    async def send(self, messages: Sequence[tuple[Entry, int | None]]) -> list[PubAck | BaseException]:
        """Send each entry with the sequence number it must follow, all before the first answer; one result each."""
        sending = (
            self.jetstream.publish(
                f"{SUBJECT}.{entry.account}", entry.state, headers=headers(entry, follows), timeout=ACK_TIMEOUT_S
            )
            for entry, follows in messages
        )
        return await asyncio.gather(*sending, return_exceptions=True)

    async def _last_sequence(self) -> int:
        if self._last is None:
            self._last = (await self.jetstream.stream_info(STREAM)).state.last_seq
        return self._last


def headers(entry: Entry, follows: int | None) -> dict[str, str]:
    told = {
        "Nats-Msg-Id": f"{entry.account}-{entry.version}",
        "Event-Stream": entry.account,
        "Event-Position": str(entry.version),
        "Event-Key": str(entry.key),
        "Event-Type": entry.topic,
    }
    if follows is not None:
        told["Nats-Expected-Last-Sequence"] = str(follows)
    return told
