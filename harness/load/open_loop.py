"""Users of an open system: requests come when the schedule says, not when the last one was answered.

    from harness.load.open_loop import OpenLoopUser, operation

    class Shopper(OpenLoopUser):
        lanes = {"kept": 9, "new": 1}              # one request in ten on a connection of its own

        def prepare(self) -> None:                 # once per virtual user, before the load flows
            for account in self.share(range(1, 201)):
                key = self.next_key()
                answer = self.request("POST", f"/accounts/{account}", operation="open", key=key, stream=account,
                                      headers={"idempotency-key": str(key)})
                if not answer.ok:
                    raise RuntimeError(f"account {account} was not opened: {answer}")

        @operation(weight=45)
        def transfer(self) -> None:
            source, target = self.random.sample(range(1, 201), 2)
            key = self.next_key()
            self.request("POST", "/transfers", key=key, stream=source,
                         headers={"content-type": "application/json", "idempotency-key": str(key)},
                         body=b'{"from": %d, "to": %d, "amount": 5}' % (source, target))

        @operation(weight=55)
        def balance(self) -> None:
            account = self.random.randint(1, 200)
            self.request("GET", f"/accounts/{account}/balance", stream=account)

Which operation the k-th arrival does, on which lane, and what `self.random` draws while it does it, depend on the
seed and k alone: not on which virtual user does it or how fast the system answers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from locust import User

from harness.load.answers import Answer

Method = TypeVar("Method", bound=Callable[..., None])


@dataclass(frozen=True)
class Operation:
    """A method of a user class that does one request."""

    name: str
    weight: float


def operation(weight: float = 1.0, name: str | None = None) -> Callable[[Method], Method]:
    """Mark a method as an operation of the load; it is chosen in proportion to `weight`.

    The method must do exactly one `self.request`: one arrival is one request. Its name, or `name`, is what the
    records, the environment's `operations` and the report call it.
    """

    def mark(method: Method) -> Method:
        method.operation = Operation(name or method.__name__, weight)  # type: ignore[attr-defined]
        return method

    return mark


class OpenLoopUser(User):
    """A virtual user that is handed scheduled times; subclass it in a locustfile and mark operations.

    A virtual user does one request at a time and keeps one connection. When all are busy, arrivals wait with their
    intended time; none is dropped. Latency counts from the intended time, and so does the timeout: an arrival that
    could not be sent before it is recorded as never sent. An exception in an operation ends the load.
    """

    abstract = True

    lanes: ClassVar[Mapping[str, float]] = {"kept": 9, "new": 1}
    """Shares of requests on the user's kept connection and on a new connection each."""
    unserved: ClassVar[Collection[int]] = frozenset()
    """4xx statuses that are errors of the service (e.g. 429), rather than refusals of the request."""

    session: int
    """Number of this virtual user among all `sessions` of the load, in every process."""
    sessions: int

    def prepare(self) -> None:
        """Make what the load needs (accounts, …); runs once in each virtual user, all at the same time.

        Its requests are recorded in the lane "prepare". Raise if the load cannot flow.
        """

    def share(self, items: Sequence[int]) -> Sequence[int]:
        """This virtual user's part of `items`: the parts of all are disjoint and together all of them."""
        return items[self.session :: self.sessions]

    def next_key(self) -> int:
        """A positive number that no other request of this or an earlier run has."""
        raise NotImplementedError

    def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        key: int | None = None,
        stream: int | None = None,
        expect: Collection[int] = (),
        operation: str | None = None,
    ) -> Answer:
        """Do one request: one attempt, never retried, always recorded. Does not raise for what the system does.

        `key` identifies a write as the system was told it; `stream` is the number of the stream that the request
        touches or reads. Statuses in `expect` count as ok beside 2xx and 3xx; other 4xx are refusals. `operation`
        is the name to record, by default that of the running operation.
        """
        raise NotImplementedError
