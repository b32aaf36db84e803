"""NATS JetStream: one stream holds every event of the ledger, a subject an account."""

from __future__ import annotations

import logging
import sys

# nats-py offers websockets where aiohttp is installed; importing that takes longer than all the rest together.
sys.modules.setdefault("aiohttp", None)  # type: ignore[arg-type]

import nats  # noqa: E402
from nats.aio.client import Client  # noqa: E402
from nats.aio.msg import Msg as Message  # noqa: E402
from nats.errors import Error as NatsError  # noqa: E402
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, PubAck, StreamConfig  # noqa: E402
from nats.js.client import JetStreamContext as JetStream  # noqa: E402

__all__ = ["Client", "JetStream", "Message", "PubAck", "connect", "ensure_stream", "subscribe"]

log = logging.getLogger(__name__)

STREAM = "LEDGER"
SUBJECT = "ledger"
CONSUMER = "projector"
REPUBLISH_WINDOW_S = 600
"""How long JetStream knows an event that it is sent again."""
REDELIVER_AFTER_S = 1.0
UNREACHABLE = (NatsError, OSError, TimeoutError)
"""What the client raises while the broker is away."""


async def connect(url: str, name: str) -> Client:
    """Raises one of UNREACHABLE. Once connected, the client reconnects by itself for as long as it takes."""
    return await nats.connect(
        url,
        name=name,
        connect_timeout=1,
        allow_reconnect=True,
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.2,
        # A connection through a network that swallows everything looks alive for this long, times two.
        ping_interval=1,
        max_outstanding_pings=2,
        error_cb=_note_error,
    )


async def _note_error(error: Exception) -> None:
    log.warning("broker: %r", error)


async def ensure_stream(jetstream: JetStream) -> None:
    await jetstream.add_stream(
        StreamConfig(name=STREAM, subjects=[f"{SUBJECT}.>"], duplicate_window=REPUBLISH_WINDOW_S)
    )


async def subscribe(jetstream: JetStream, consumer: str = CONSUMER) -> JetStream.PullSubscription:
    """A share in the durable consumer of all projectors of one read model."""
    await jetstream.add_consumer(
        STREAM,
        ConsumerConfig(
            durable_name=consumer,
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=REDELIVER_AFTER_S,
            max_ack_pending=2000,
        ),
    )
    return await jetstream.pull_subscribe_bind(consumer=consumer, stream=STREAM)
