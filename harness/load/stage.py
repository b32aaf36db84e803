"""What the virtual users of one worker share."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gevent.event import Event
from locust.env import Environment

from harness.load.client import Client
from harness.load.dispatcher import Dispatcher
from harness.load.plan import WorkerPlan
from harness.load.recording import Recorder
from harness.load.requests import Composer
from harness.load.target import Target

if TYPE_CHECKING:
    from harness.load.open_loop import OpenLoopUser


@dataclass(frozen=True)
class Part:
    """One operation of a user class: what the records call it, and the method that does it."""

    name: str
    weight: float
    perform: Callable[[OpenLoopUser], None]


@dataclass(frozen=True)
class Cast:
    """What arrivals are divided over."""

    parts: tuple[Part, ...]
    lanes: tuple[str, ...]
    shares: tuple[float, ...]
    """Of each lane."""


class Stage:
    """One for each worker. Not safe for several threads."""

    def __init__(
        self, plan: WorkerPlan, target: Target, recorder: Recorder, dispatcher: Dispatcher, cast: Cast
    ) -> None:
        self.plan = plan
        self.target = target
        self.recorder = recorder
        self.dispatcher = dispatcher
        self.cast = cast
        self.composer = Composer(target)
        self.timeout_ns = int(plan.load.timeout_s * 1e9)
        self.all_prepared = Event()
        self.listened = False
        """Somebody listens to locust's request event: fire it for each request."""
        self.version_header, self.instance_header, self.position_header = (
            name.lower().encode() for name in (plan.headers.version, plan.headers.instance, plan.headers.position)
        )
        self._tls = ssl.create_default_context() if target.secure else None
        self._clients: list[Client] = []
        self._prepared = 0
        self._keys = 0

    def enlist(self) -> tuple[int, Client]:
        """A new virtual user's number, among those of all workers, and its client."""
        client = Client(self.target, self._tls)
        number = self.plan.worker + self.plan.workers * len(self._clients)
        self._clients.append(client)
        return number, client

    def user_is_prepared(self) -> None:
        self._prepared += 1
        if self._prepared == self.plan.load.users:
            self.all_prepared.set()

    def next_key(self) -> int:
        self._keys += 1
        return self.plan.key_base + self._keys * self.plan.workers + self.plan.worker

    def expire(self, now_ns: int) -> None:
        """End what is in flight past its deadline. Only from the hub."""
        for client in self._clients:
            if client.deadline_ns <= now_ns:
                client.expire()


class LoadEnvironment(Environment):
    """A locust environment whose users find the stage in it."""

    stage: Stage
