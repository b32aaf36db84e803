"""Events in KurrentDB (EventStoreDB): all of them, but for the server's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from kurrentdbclient import KurrentDBClient
from kurrentdbclient.exceptions import KurrentDBClientError

from harness.errors import HarnessError
from harness.streams.event import SEQUENCE, BrokenRecord, OnBroken, RecordedEvent, event_of, refuse
from harness.streams.sources import version_in

if TYPE_CHECKING:
    from kurrentdbclient.events import RecordedEvent as Stored


@dataclass(frozen=True)
class KurrentDB:
    """The whole database, or the streams of which the name begins with `prefix`, in the order of commits.

    `version_field` names the field that says an event's version, in its metadata or else in its data.
    """

    url: str
    prefix: str = ""
    version_field: str = "version"

    def events(self, on_broken: OnBroken = refuse) -> Iterator[RecordedEvent]:
        try:
            client = KurrentDBClient(self.url)
            try:
                last = client.get_commit_position()
                for stored in client.read_all():
                    if stored.commit_position > last:
                        return
                    if stored.stream_name.startswith(self.prefix):
                        yield from self._event(stored, on_broken)
            finally:
                client.close()
        except KurrentDBClientError as error:
            raise HarnessError(f"KurrentDB cannot be read: {error!r}") from error

    def _event(self, stored: Stored, on_broken: OnBroken) -> Iterator[RecordedEvent]:
        try:
            metadata = msgspec.json.decode(stored.metadata or b"{}", type=dict[str, object])
            yield event_of(
                {
                    "stream": stored.stream_name,
                    "position": stored.stream_position,
                    "type": stored.type,
                    "version": self._version(stored, metadata),
                    "data": stored.data,
                    "metadata": {**metadata, SEQUENCE: stored.commit_position},
                }
            )
        except ValueError as error:
            on_broken(BrokenRecord(f"stream {stored.stream_name}", stored.stream_position, str(error)))

    def _version(self, stored: Stored, metadata: dict[str, object]) -> object:
        if self.version_field in metadata or stored.content_type != "application/json":
            return version_in(metadata, self.version_field)
        return version_in(msgspec.json.decode(stored.data or b"null"), self.version_field)
