"""Users of the ledger as an ordinary locustfile has them: each waits for its answer before it sends again.

Their latencies are optimistic, since a slow answer keeps them from asking; reports mark them as closed-loop.
"""

from __future__ import annotations

import random
import time
from collections import deque
from itertools import count

from locust import FastHttpUser, constant_throughput, task

ACCOUNTS = range(1, 61)
OPENING = 10_000_000
KEYS = count(time.time_ns())
UNOPENED = deque(ACCOUNTS)


class LedgerHttpUser(FastHttpUser):
    wait_time = constant_throughput(2)

    def on_start(self) -> None:
        """The users of a process share the work; what another process has opened is refused, which is as well."""
        while UNOPENED:
            account = UNOPENED.popleft()
            key = next(KEYS)
            self.client.put(
                f"/accounts/{account}",
                json={"opening": OPENING},
                headers={"idempotency-key": str(key)},
                name="open",
                context={"key": key, "stream": account},
            )

    @task(4)
    def transfer(self) -> None:
        source, target = random.sample(ACCOUNTS, 2)
        key = next(KEYS)
        self.client.post(
            "/transfers",
            json={"from": source, "to": target, "amount": random.randint(1, 500)},
            headers={"idempotency-key": str(key)},
            name="transfer",
            context={"key": key, "stream": source},
        )

    @task(2)
    def account(self) -> None:
        number = random.choice(ACCOUNTS)
        self.client.get(f"/accounts/{number}", name="account", context={"stream": number})

    @task(1)
    def statement(self) -> None:
        number = random.choice(ACCOUNTS)
        self.client.get(f"/accounts/{number}/statement", name="statement", context={"stream": number})
