"""Faults inside a NATS server, which runs on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from harness.environment import StoreKind
from harness.errors import HarnessError, InvalidInput
from harness.faults import jetstream
from harness.faults.looks import Looked, Seen
from harness.faults.store import StoreFault
from harness.protocols import Account, Effect, System


@dataclass(frozen=True)
class StreamGone(StoreFault):
    """A JetStream stream is deleted, with its messages and consumers; an empty one, of the same configuration, is made
    when the window ends, unless somebody has made it before."""

    stream: str

    needs: ClassVar[frozenset[type]] = frozenset()
    of_kind: ClassVar[StoreKind | None] = StoreKind.NATS
    account: ClassVar[Account] = Account(
        "a JetStream stream is deleted, with its messages and consumers",
        "JetStream says that there is no such stream",
        "an empty one of the same configuration is made, if there is none; JetStream tells of it",
    )

    def __post_init__(self) -> None:
        if not self.stream or any(letter in " .*>/\\" for letter in self.stream):
            raise InvalidInput(f"stream must be a stream's name, and is {self.stream!r}")

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        url = system.store_url(self.store)
        config = jetstream.stream_config(url, self.stream)
        if config is None:
            raise HarnessError(f"there is no stream {self.stream} to delete")
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
