"""Transfers from several threads for as long as a test needs them."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from itertools import count

from tests.environments.ledger.servers import Instance, eventually


@dataclass
class Traffic:
    """What was sent, and what came back; None where nothing did."""

    outcomes: dict[int, int | None] = field(default_factory=dict)
    """Status by key."""
    under_way: set[int] = field(default_factory=set)
    """Keys of transfers that are not answered yet."""

    def await_those_under_way(self) -> None:
        then = frozenset(self.under_way)
        eventually(lambda: not then & self.under_way, "all that was under way is answered")

    def await_more(self, number: int) -> None:
        target = len(self.outcomes) + number
        eventually(lambda: len(self.outcomes) >= target, f"{number} more transfers")

    @property
    def done(self) -> list[int]:
        """Keys of the transfers that were acknowledged."""
        return [key for key, status in self.outcomes.items() if status == 201]


@contextmanager
def transfers(instances: Sequence[Instance], accounts: Sequence[int], rate_per_s: float = 80) -> Iterator[Traffic]:
    """Transfers between random accounts at random instances, until the block is left."""
    traffic = Traffic()
    keys = count(time.monotonic_ns())
    stop = threading.Event()
    senders = 4

    def send(seed: int) -> None:
        chance = random.Random(seed)
        while not stop.wait(chance.expovariate(rate_per_s / senders)):
            key = next(keys)
            source, target = chance.sample(accounts, 2)
            traffic.under_way.add(key)
            try:
                status = chance.choice(instances).transfer(source, target, 1, key).status
            except (OSError, HTTPException):
                traffic.outcomes[key] = None
            else:
                traffic.outcomes[key] = status
            finally:
                traffic.under_way.remove(key)

    threads = [threading.Thread(target=send, args=(seed,)) for seed in range(senders)]
    for thread in threads:
        thread.start()
    try:
        yield traffic
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def run_transfers(instances: Sequence[Instance], accounts: Sequence[int], number: int) -> Traffic:
    """At least as many transfers as asked for."""
    with transfers(instances, accounts) as traffic:
        traffic.await_more(number)
    return traffic
