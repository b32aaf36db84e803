"""Publishes events to JetStream, in order and once, whatever happens to this process or to the connection."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from itertools import takewhile

from ledger.broker import STREAM, SUBJECT, JetStream, PubAck
from ledger.outbox import Entry

log = logging.getLogger(__name__)

ACK_TIMEOUT_S = 2.0


class Publisher:
    """The first message of a batch names the sequence number that it must follow in the stream, each other one the id
    of the message before it. So the broker refuses whatever comes after a lost or refused message, or from an instance
    that does not know yet that it was replaced. A message that the broker has already is recognised by its own id.
    """

    def __init__(self, jetstream: JetStream) -> None:
        self.jetstream = jetstream
        self._last: int | None = None

    async def publish(self, entries: Sequence[Entry]) -> int:
        """How many of `entries`, from the first on, the broker has now. Raises one of UNREACHABLE."""
        follows = [{"Nats-Expected-Last-Sequence": str(await self._last_sequence())}]
        follows += [{"Nats-Expected-Last-Msg-Id": identity(entry)} for entry in entries[:-1]]
        self._last = None
        results = await self.send(entries, follows)
        acks = [*takewhile(lambda result: isinstance(result, PubAck), results)]
        if len(acks) < len(results):
            log.warning(
                "%d of %d events are to be sent again: %s", len(results) - len(acks), len(results), results[len(acks)]
            )
        elif isinstance(acks[-1], PubAck) and not acks[-1].duplicate:
            self._last = acks[-1].seq
        return len(acks)

    async def flush(self) -> None:
        """Wait until nothing is held back; here nothing ever is."""

    async def send(
        self, entries: Sequence[Entry], conditions: Sequence[dict[str, str]]
    ) -> list[PubAck | BaseException]:
        """Send each entry with the headers that are its condition, all before the first answer; one result each."""
        sending = (
            self.jetstream.publish(
                f"{SUBJECT}.{entry.account}", entry.state, headers=headers(entry) | condition, timeout=ACK_TIMEOUT_S
            )
            for entry, condition in zip(entries, conditions, strict=True)
        )
        return await asyncio.gather(*sending, return_exceptions=True)

    async def _last_sequence(self) -> int:
        if self._last is None:
            self._last = (await self.jetstream.stream_info(STREAM)).state.last_seq
        return self._last


def identity(entry: Entry) -> str:
    return f"{entry.account}-{entry.version}"


def headers(entry: Entry) -> dict[str, str]:
    return {
        "Nats-Msg-Id": identity(entry),
        "Event-Stream": entry.account,
        "Event-Position": str(entry.version),
        "Event-Key": str(entry.key),
        "Event-Type": entry.topic,
    }
