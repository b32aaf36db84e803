"""Users of the ledger, in an open loop: they come when the schedule says."""

from __future__ import annotations

from collections import deque
from typing import ClassVar, NamedTuple

from harness.load.open_loop import OpenLoopUser, operation

ACCOUNTS = range(1, 61)
OPENING = 10_000_000
AMOUNT_MAX = 500
RECENT_MAX = 200
"""Transfers that may be sent once more."""


class Sent(NamedTuple):
    """A transfer as it was sent."""

    key: int
    source: int
    body: bytes


class LedgerUser(OpenLoopUser):
    recent: ClassVar[deque[Sent]] = deque(maxlen=RECENT_MAX)

    def prepare(self) -> None:
        for account in self.share(ACCOUNTS):
            key = self.next_key()
            answer = self.request(
                "PUT",
                f"/accounts/{account}",
                body=b'{"opening": %d}' % OPENING,
                headers=_headers(key),
                key=key,
                stream=account,
                operation="open",
            )
            if not answer.ok:
                raise RuntimeError(f"account {account} was not opened: {answer}")

    @operation(weight=43)
    def transfer(self) -> None:
        sent = self._new_transfer()
        self.recent.append(sent)
        self._send(sent, "transfer")

    @operation(weight=5, name="transfer-again")
    def transfer_again(self) -> None:
        """The same key with the same body, as a client does that is not sure: never a second effect."""
        if self.recent:
            self._send(self.random.choice(self.recent), "transfer-again")
        else:
            self.transfer()

    @operation(weight=25)
    def account(self) -> None:
        number = self.random.choice(ACCOUNTS)
        self.request("GET", f"/accounts/{number}", stream=number)

    @operation(weight=12)
    def balance(self) -> None:
        number = self.random.choice(ACCOUNTS)
        self.request("GET", f"/accounts/{number}/balance", stream=number)

    @operation(weight=15)
    def statement(self) -> None:
        """A long answer, so that there is always one in flight."""
        number = self.random.choice(ACCOUNTS)
        self.request("GET", f"/accounts/{number}/statement", stream=number)

    def _new_transfer(self) -> Sent:
        source, target = self.random.sample(ACCOUNTS, 2)
        body = b'{"from": %d, "to": %d, "amount": %d}' % (source, target, self.random.randint(1, AMOUNT_MAX))
        return Sent(self.next_key(), source, body)

    def _send(self, sent: Sent, name: str) -> None:
        self.request(
            "POST",
            "/transfers",
            body=sent.body,
            headers=_headers(sent.key),
            key=sent.key,
            stream=sent.source,
            operation=name,
        )


class StatementUser(LedgerUser):
    """Half of the requests are for long answers, so that many are in flight whenever an instance stops."""

    @operation(weight=85)
    def statement(self) -> None:
        super().statement()


def _headers(key: int) -> dict[str, str]:
    return {"content-type": "application/json", "idempotency-key": str(key)}
