"""Histories told as stories: a few lines of Python rows, times in seconds, everything else as one would expect it.

story = Story(writes=("transfer",))
story.request(1.0, "transfer", key=7)
story.event("account-1", 1, key=7, amount=-5)
with story.history() as history: ...
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from harness.history import History, Kind, Moment, Row, RunFacts
from harness.verdict import Cell


def ns(seconds: float) -> int:
    return round(seconds * 1e9)


class Request(NamedTuple):
    """In the order of history.REQUESTS."""

    scheduled_ns: int
    sent_ns: int | None
    first_byte_ns: int | None
    done_ns: int | None
    lane: str
    operation: str
    key: int | None
    stream: int | None
    position: int | None
    outcome: str
    error: str | None
    status: int | None
    version: str | None
    instance: str | None
    bytes: int
    attempts: int
    session: int
    closed_loop: bool


class Event(NamedTuple):
    """In the order of history.STORE."""

    stream: str
    position: int
    key: int | None
    type: str
    amount: int
    sequence: int


class Seen(NamedTuple):
    """In the order of history.CONSUMED."""

    seen_ns: int
    broker_sequence: int
    redelivered: bool
    stream: str
    position: int
    key: int | None
    type: str


class Shown(NamedTuple):
    """In the order of history.PROJECTION."""

    stream: str
    value: int
    position: int


@dataclass
class Story:
    """What happened in a run. Its lists may be changed at will before `history` is asked for; None: not recorded."""

    old: str = "1.0"
    new: str = "2.0"
    ending: str = "complete"
    lasts_s: float = 10.0
    rate_per_s: float = 0.0
    writes: tuple[str, ...] = ("open", "transfer")
    conserves: tuple[str, ...] = ("transfer",)
    lasting: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    replicas: dict[str, int] = field(default_factory=dict)
    remote_workers: int = 0
    requests: list[Request] | None = field(default_factory=list)
    store: list[Event] | None = field(default_factory=list)
    consumed: list[Seen] | None = field(default_factory=list)
    projection: list[Shown] | None = field(default_factory=list)
    timeline: list[Moment] = field(default_factory=list)
    direct: list[Request] | None = None

    def request(
        self,
        at_s: float,
        operation: str = "balance",
        *,
        took_s: float = 0.01,
        late_s: float = 0.0,
        version: str | None = "1.0",
        lane: str = "kept",
        key: int | None = None,
        stream: int | None = None,
        position: int | None = None,
        outcome: str = "ok",
        error: str | None = None,
        status: int | None = 200,
        session: int = 1,
        attempts: int = 1,
    ) -> Story:
        """Scheduled at `at_s`, sent `late_s` later, done `took_s` after it was sent."""
        assert self.requests is not None
        sent_ns = ns(at_s) + ns(late_s)
        self.requests.append(
            Request(
                scheduled_ns=ns(at_s),
                sent_ns=sent_ns,
                first_byte_ns=sent_ns + ns(took_s),
                done_ns=sent_ns + ns(took_s),
                lane=lane,
                operation=operation,
                key=key,
                stream=stream,
                position=position,
                outcome=outcome,
                error=error,
                status=status,
                version=version,
                instance=None if version is None else f"ledger-{version}",
                bytes=100,
                attempts=attempts,
                session=session,
                closed_loop=False,
            )
        )
        return self

    def failure(self, at_s: float, operation: str = "balance", **options: Any) -> Story:
        """A request that the system answered with a 503."""
        return self.request(at_s, operation, **{"outcome": "fail", "error": "status", "status": 503, **options})

    def asked_directly(self, at_s: float, instance: str, operation: str, **options: Any) -> Story:
        """A request past the router, as `request` or, with an error, `failure` has it."""
        served, self.requests = self.requests, []
        (self.failure if options.pop("fails", False) else self.request)(at_s, operation, **options)
        asked = [request._replace(instance=instance) for request in self.requests]
        self.requests, self.direct = served, [*(self.direct or ()), *asked]
        return self

    def stored(
        self, stream: str, position: int, *, key: int | None = None, type: str = "Moved", amount: int = 0
    ) -> Story:
        """An event that only the store has."""
        assert self.store is not None
        self.store.append(Event(stream, position, key, type, amount, len(self.store) + 1))
        return self

    def saw(
        self, stream: str, position: int, *, key: int | None = None, type: str = "Moved", at_s: float = 0.0
    ) -> Story:
        """An event that only consumers have seen."""
        assert self.consumed is not None
        self.consumed.append(Seen(ns(at_s), len(self.consumed) + 1, False, stream, position, key, type))
        return self

    def event(
        self,
        stream: str,
        position: int,
        *,
        key: int | None = None,
        type: str = "Moved",
        amount: int = 0,
        at_s: float = 0.0,
    ) -> Story:
        """An event that is in the store and was seen by consumers."""
        self.stored(stream, position, key=key, type=type, amount=amount)
        return self.saw(stream, position, key=key, type=type, at_s=at_s)

    def shows(self, stream: str, value: int, position: int) -> Story:
        """A row of the read model."""
        assert self.projection is not None
        self.projection.append(Shown(stream, value, position))
        return self

    def moment(
        self,
        at_s: float,
        kind: Kind,
        name: str = "",
        detail: Mapping[str, Cell] | None = None,
        *,
        until_s: float | None = None,
    ) -> Story:
        self.timeline.append(Moment(ns(at_s), kind, name, None if until_s is None else ns(until_s), detail or {}))
        return self

    def worker(self, name: str, *, bound_ms: float = 0.1, trouble: str = "") -> Story:
        """Account of a worker on another machine."""
        detail: dict[str, Cell] = {"whole": not trouble, "trouble": trouble, "requests": 10}
        detail |= {"offset_ns": ns(5), "drift_ns": 0, "bound_ns": ns(bound_ms / 1000)}
        return self.moment(0.0, Kind.WORKER, name, detail, until_s=self.lasts_s)

    def quiet(self, *, reached: bool = True, settled: bool = True) -> Story:
        """After the load, consumers were waited for."""
        return self.moment(self.lasts_s, Kind.QUIET, "quiet", {"reached": reached, "settled": settled, "waited_s": 1.0})

    def without(self, *tables: str) -> Story:
        """These tables were not recorded."""
        for table in tables:
            setattr(self, table, None)
        return self

    @property
    def facts(self) -> RunFacts:
        return RunFacts(
            run_id="story",
            scenario="story",
            summary="",
            environment="ledger",
            driver="local",
            strategy="canary",
            old=self.old,
            new=self.new,
            ending=self.ending,
            seed=1,
            command="harness run story.toml",
            started_at="2030-01-01T00:00:00Z",
            origin_ns=0,
            load_ends_ns=ns(self.lasts_s),
            rate_per_s=self.rate_per_s,
            faults=self.faults,
            steps=self.steps,
            writes=self.writes,
            conserves=self.conserves,
            lasting=self.lasting,
            replicas=self.replicas,
            routed="ledger",
            remote_workers=self.remote_workers,
        )

    def history(self) -> History:
        tables: dict[str, Sequence[Row] | None] = {
            "requests": self.requests,
            "direct": self.direct,
            "store": self.store,
            "consumed": self.consumed,
            "projection": self.projection,
        }
        rows = {name: told for name, told in tables.items() if told is not None}
        return History.of(self.facts, self.timeline, rows)
