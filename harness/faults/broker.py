"""Faults inside a NATS server, which runs on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

from harness.environment import StoreKind
from harness.errors import HarnessError, InvalidInput
from harness.faults import jetstream, nats_session
from harness.faults.background import repeating
from harness.faults.looks import Looked, Seen
from harness.faults.store import StoreFault
from harness.protocols import Account, Effect, Proof, System
from harness.waiting import until

PRESS_S = 0.025
"""A subscriber is given a MB so often."""
BEHIND_S_MAX = 15.0
"""Longer than a server waits by default until it gives up on who takes nothing (write_deadline, 10 s)."""
HEAL_TIMEOUT_S = 5.0
POLL_S = 0.1


@dataclass(frozen=True)
class _StreamFault(StoreFault):
    """Of one stream of a NATS server."""

    stream: str

    needs: ClassVar[frozenset[type]] = frozenset()
    of_kind: ClassVar[StoreKind | None] = StoreKind.NATS

    def __post_init__(self) -> None:
        if not self.stream or any(letter in " .*>/\\" for letter in self.stream):
            raise InvalidInput(f"stream must be a stream's name, and is {self.stream!r}")

    def _config(self, url: str, wanted_to: str) -> Mapping[str, Any]:
        """Raises HarnessError if there is no such stream; `wanted_to`: what for there should be."""
        config = jetstream.stream_config(url, self.stream)
        if config is None:
            raise HarnessError(f"there is no stream {self.stream} to {wanted_to}")
        return config


@dataclass(frozen=True)
class StreamGone(_StreamFault):
    """A JetStream stream is deleted, with its messages and consumers; an empty one, of the same configuration, is made
    when the window ends, unless somebody has made it before."""

    account: ClassVar[Account] = Account(
        "a JetStream stream is deleted, with its messages and consumers",
        "JetStream says that there is no such stream",
        "an empty one of the same configuration is made, if there is none; JetStream tells of it",
    )

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        url = system.store_url(self.store)
        config = self._config(url, "delete")
        effect = Looked(lambda: self._look(url), self._look(url))
        try:
            jetstream.delete_stream(url, self.stream)
            yield effect
        finally:
            if jetstream.stream_config(url, self.stream) is None:
                jetstream.create_stream(url, self.stream, config)

    def _look(self, url: str) -> Seen:
        gone = jetstream.stream_config(url, self.stream) is None
        return Seen(gone, f"JetStream says that there is {'no' if gone else 'a'} stream {self.stream}")


@dataclass(frozen=True)
class _Behind(Effect):
    url: str
    subscriber: nats_session.SlowSubscriber
    before: int
    """Slow consumers that the server had counted by then."""

    def bites(self) -> Proof:
        """Other slow consumers count as well, so ours has to be behind, or cut off, too."""
        until(lambda: self._look().seen, BEHIND_S_MAX, POLL_S)
        return self._look()

    def heals(self) -> Proof:
        gone = until(lambda: self._pending() is None, HEAL_TIMEOUT_S, POLL_S)
        return Proof(gone, f"the server has {'no' if gone else 'still a'} connection of the slow subscriber")

    def _look(self) -> Proof:
        more, pending = self._more(), self._pending()
        behind = pending is None or pending > 0 or self.subscriber.cut_off > 0
        ours = "was cut off" if pending is None or self.subscriber.cut_off else f"has {pending} bytes to come"
        return Proof(more > 0 and behind, f"the server counts {more} slow consumers more than before, and ours {ours}")

    def _more(self) -> int:
        return nats_session.slow_consumers(self.url) - self.before

    def _pending(self) -> int | None:
        return nats_session.pending_bytes(self.url, self.subscriber.client)


@dataclass(frozen=True)
class SlowConsumer(_StreamFault):
    """A subscriber of all subjects of a stream never reads; when the server has cut it off, it comes again.

    The server keeps for it what it does not take (`max_pending`), holds back those who publish what it should get, and
    cuts it off. It floods itself besides, so that this happens soon.
    """

    account: ClassVar[Account] = Account(
        "a subscriber of a stream's subjects never reads, is cut off by the server, and comes again",
        "the server's own count of slow consumers rises, and ours is behind or cut off",
        "the subscriber ends; the server has no such connection any more",
    )

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        url = system.store_url(self.store)
        config = self._config(url, "subscribe to")
        subscriber = nats_session.SlowSubscriber(url, config.get("subjects", ()))
        effect = _Behind(url, subscriber, nats_session.slow_consumers(url))
        subscriber.connect()
        try:
            with repeating(subscriber.press, PRESS_S):
                yield effect
        finally:
            subscriber.close()
