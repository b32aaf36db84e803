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
from random import Random
from time import monotonic_ns
from typing import ClassVar, TypeVar

from locust import User, task

from harness.errors import InvalidInput
from harness.load.answers import SAFE_METHODS, Answer, judge_failure, judge_status, never_reached_an_instance
from harness.load.arrivals import Arrival, ArrivalRandom
from harness.load.records import KEPT, NEW, Outcome
from harness.load.stage import Cast, LoadEnvironment, Part, Stage

PREPARE = "prepare"
_ATTEMPTS_HEADER = b"x-envoy-attempt-count"

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

    environment: LoadEnvironment

    def __init__(self, environment: LoadEnvironment) -> None:
        super().__init__(environment)
        self._stage: Stage = environment.stage
        self._session, self._client = self._stage.enlist()
        self._random = ArrivalRandom(self._stage.plan.seed)
        self._arrival: Arrival | None = None
        self._operation = PREPARE
        self._requests = 0

    @property
    def session(self) -> int:
        """Number of this virtual user among all `sessions` of the load, in every process."""
        return self._session

    @property
    def sessions(self) -> int:
        return self._stage.plan.sessions

    @property
    def random(self) -> Random:
        """Randomness that the seed and the arrival decide."""
        return self._random

    def prepare(self) -> None:
        """Make what the load needs (accounts, …); runs once in each virtual user, all at the same time.

        Its requests are recorded in the lane "prepare". Raise if the load cannot flow.
        """

    def share(self, items: Sequence[int]) -> Sequence[int]:
        """This virtual user's part of `items`: the parts of all are disjoint and together all of them."""
        return items[self.session :: self.sessions]

    def next_key(self) -> int:
        """A positive number that no other request of this or an earlier run has."""
        return self._stage.next_key()

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
        stage, client, arrival = self._stage, self._client, self._arrival
        self._requests += 1
        if arrival is None:
            due_ns, keep = monotonic_ns(), True
        elif self._requests == 1:
            due_ns, keep = stage.dispatcher.origin_ns + arrival.due_ns, stage.cast.lanes[arrival.lane] != NEW
        else:
            raise RuntimeError(f"operation {self._operation!r} made a second request: one arrival is one request")
        name = operation or self._operation
        failure = client.exchange(
            stage.composer.compose(method, path, headers, body, keep=keep),
            deadline_ns=due_ns + stage.timeout_ns,
            keep=keep,
            for_head=method == "HEAD",
        )
        response = client.response
        received = response.headers
        attempts = _number(received.get(_ATTEMPTS_HEADER)) or 1
        position = _number(received.get(stage.position_header))
        status, body_received = (response.status, response.body) if failure is None else (0, b"")
        outcome, error = Outcome.OK, None
        if failure is not None or status >= 400:
            outcome, error = self._judge(
                failure, attempts, writes=method not in SAFE_METHODS or name in stage.plan.writes, expect=expect
            )
        recorder = stage.recorder
        recorder.write(
            due_ns,
            client.sent_ns,
            client.first_byte_ns,
            client.done_ns,
            key or 0,
            stream or 0,
            position or 0,
            response.size,
            status,
            self._session,
            recorder.describe(
                name,
                PREPARE if arrival is None else NEW if client.opened else KEPT,
                error or "",
                received.get(stage.version_header, b""),
                received.get(stage.instance_header, b""),
                outcome,
                attempts,
                arrival is None,
            ),
        )
        answer = Answer(outcome, error, status, received, body_received, position)
        if stage.listened:
            self._tell_listeners(method, path, name, answer)
        return answer

    def _judge(
        self, failure: str | None, attempts: int, *, writes: bool, expect: Collection[int]
    ) -> tuple[Outcome, str | None]:
        response = self._client.response
        if failure is not None:
            return judge_failure(failure, writes=writes, sent=self._client.sent_ns != 0)
        lost = response.status == 503 and never_reached_an_instance(response.headers, response.body, attempts=attempts)
        return judge_status(response.status, writes=writes, never_reached=lost, expect=expect, unserved=self.unserved)

    def on_start(self) -> None:
        """For locust; what a load needs is made in `prepare`."""
        self.prepare()
        self._stage.user_is_prepared()

    @task
    def follow_the_schedule(self) -> None:
        """For locust: the one task, which never returns."""
        stage = self._stage
        while True:
            arrival = stage.dispatcher.take()
            self._arrival = arrival
            part = stage.cast.parts[arrival.operation]
            self._operation = part.name
            self._requests = 0
            self._random.begin(arrival.number)
            part.perform(self)
            if not self._requests:
                raise RuntimeError(f"operation {part.name!r} made no request: one arrival is one request")

    def _tell_listeners(self, method: str, path: str, name: str, answer: Answer) -> None:
        client = self._client
        self.environment.events.request.fire(  # type: ignore[no-untyped-call]
            request_type=method,
            name=name,
            response_time=(client.done_ns - (client.sent_ns or client.done_ns)) / 1e6,
            response_length=client.response.size,
            response=answer,
            context=self.context(),
            exception=None if answer.ok else RequestFailed(f"{answer.error} (status {answer.status})"),
            url=path,
        )


class RequestFailed(Exception):
    """What locust's listeners are told of a request that was not ok. Never raised."""


def cast_of(user_class: type[OpenLoopUser]) -> Cast:
    """The operations and lanes of a user class. Raises InvalidInput if it has none."""
    parts = tuple(
        Part(marked.name, marked.weight, method)
        for name in dir(user_class)
        if isinstance(marked := getattr(method := getattr(user_class, name), "operation", None), Operation)
    )
    if not parts or not all(part.weight > 0 for part in parts):
        raise InvalidInput(f"{user_class.__name__} needs methods marked with @operation, of weights above 0")
    lanes = {lane: share for lane, share in user_class.lanes.items() if share > 0}
    if not lanes or not lanes.keys() <= {KEPT, NEW}:
        raise InvalidInput(f"the lanes of {user_class.__name__} must be shares of {KEPT!r} and {NEW!r}")
    return Cast(parts, tuple(lanes), tuple(lanes.values()))


def _number(text: bytes | None) -> int | None:
    return int(text) if text is not None and text.isdigit() else None
