"""What the stores hold, as anybody else sees it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence

import nats
from nats.js.api import DeliverPolicy
from nats.js.errors import NotFoundError

from tests.environments.ledger.servers import Instance, World, eventually

FOLD = """
    SELECT originator_id, count(*), sum((CASE topic WHEN 'ledger.debited' THEN -1 ELSE 1 END)
                                        * (convert_from(state, 'UTF8')::jsonb ->> 'amount')::bigint)::bigint
    FROM ledger_events GROUP BY 1 ORDER BY 1
"""
READ_MODEL = "SELECT account, position, value FROM balances ORDER BY 1"


def published(world: World) -> Mapping[str, Sequence[int]]:
    """The positions of each account's events, in the order in which they stand in the stream."""
    return asyncio.run(_published(world.nats.url))


async def _published(url: str) -> Mapping[str, Sequence[int]]:
    client = await nats.connect(url, connect_timeout=2)
    try:
        jetstream = client.jetstream(timeout=2)
        try:
            total = (await jetstream.stream_info("LEDGER")).state.messages
        except NotFoundError:  # the relay makes the stream before it publishes for the first time
            return {}
        subscription = await jetstream.subscribe("ledger.>", deliver_policy=DeliverPolicy.ALL, ordered_consumer=True)
        positions: dict[str, list[int]] = defaultdict(list)
        for _ in range(total):
            headers = (await subscription.next_msg(timeout=2)).headers or {}
            positions[headers["Event-Stream"]].append(int(headers["Event-Position"]))
        return positions
    finally:
        await client.close()


def leader_of(instances: Sequence[Instance]) -> Instance:
    found: list[Instance] = []

    def look() -> bool:
        found[:] = [instance for instance in instances if instance.leads()]
        return len(found) == 1

    eventually(look, "one instance publishes")
    return found[0]


def all_published(world: World) -> bool:
    """Whether the broker has as many events as the store."""
    stored = world.number("SELECT count(*) FROM ledger_events")
    return sum(map(len, published(world).values())) >= stored


def assert_faithful(world: World) -> None:
    """Each account's events are there once, in their order."""
    stored = dict(world.query("SELECT originator_id, count(*) FROM ledger_events GROUP BY 1"))
    seen = published(world)
    assert {account: list(positions) for account, positions in seen.items()} == {
        account: list(range(1, total + 1)) for account, total in stored.items()
    }


def read_model_is_right(world: World) -> bool:
    """Whether each balance is the sum of all its account's events."""
    return world.query(READ_MODEL) == world.query(FOLD)
