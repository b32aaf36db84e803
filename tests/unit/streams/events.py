"""Events for the tests of recordings."""

from __future__ import annotations

from collections.abc import Iterator

from harness.streams.event import RecordedEvent


def event(
    stream: str = "account-1", position: int = 1, data: bytes = b'{"amount":5}', **others: object
) -> RecordedEvent:
    given = {"type": "opened", "version": 1, "metadata": {}, **others}
    return RecordedEvent(stream=stream, position=position, data=data, **given)  # type: ignore[arg-type]


def account(stream: str, count: int) -> Iterator[RecordedEvent]:
    """`count` events of one stream, from position 1 on."""
    for position in range(1, count + 1):
        yield event(stream, position, b'{"amount":%d}' % position)
