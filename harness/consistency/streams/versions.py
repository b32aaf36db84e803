"""What each stream held, in order: places and values, both counted from 0 on, however sparse the offsets are."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.consistency.streams.messages import Fate, Messages
from harness.consistency.streams.sorting import Bools, Ints, Order, grouped, ranks, starts

NOWHERE = -1
NEVER_NS = np.int64(np.iinfo(np.int64).max // 2)


@dataclass(frozen=True)
class Places:
    """Each offset of each stream at which an acknowledged send or a poll showed a message: stream by stream, in order.

    Since they are counted through, neighbours in a stream are neighbours here, whatever lies between their offsets.
    """

    rows: Ints
    """Of the messages, by place; those of one place in their own order."""
    first: Bools
    """Of these: where another place begins."""
    stream: Ints
    """Of each place."""
    disputed: Bools
    """Of each place: whether it showed more than one value. What is there is then judged by nothing else."""

    def __len__(self) -> int:
        return len(self.stream)


@dataclass(frozen=True)
class Values:
    """Each value of each stream that was sent, or received."""

    number: Ints
    """Of each message: which value it carries; NOWHERE if it carries none that counts."""
    stream: Ints
    sent: Bools
    acknowledged: Bools
    sends: Ints
    """How often it was sent, leaving out what certainly failed."""
    reads: Ints
    """How often it was received."""
    first_place: Ints
    place: Ints
    """The last one; of both, only places that are not disputed. NOWHERE if there is none."""
    disputed: Bools
    """Whether it was also seen where another one was."""
    sender: Ints
    """The row that sent it: of several, one that did not fail; NOWHERE if nobody did."""
    reader: Ints
    """The first row that received it; NOWHERE if none did."""
    seen_ns: Ints
    """When it was first received."""

    def __len__(self) -> int:
        return len(self.stream)


@dataclass(frozen=True)
class Versions:
    messages: Messages
    places: Places
    values: Values
    place: Ints
    """Of each message: by its own offset, or where its value was seen; NOWHERE if that is not known, or disputed."""
    received: Bools
    """Of each place: whether anybody received something there."""


def versions_of(messages: Messages) -> Versions:
    """O(n log n) in the number of messages, whatever the offsets."""
    shows = messages.located & ((messages.sends & (messages.fate == Fate.OK)) | messages.polls)
    with ThreadPoolExecutor(1) as beside:  # numpy sorts without holding the interpreter
        by_value = beside.submit(_by, messages, messages.sends | messages.polls, messages.value)
        places = _places(messages, _by(messages, shows, messages.offset))
        at = ranks(places.first)
        in_dispute = places.disputed[at]
        place = np.full(len(messages), NOWHERE, np.int64)
        place[places.rows] = np.where(in_dispute, NOWHERE, at)
        disputed = np.zeros(len(messages), np.bool_)
        disputed[places.rows] = in_dispute
        values = _values(messages, by_value.result(), place, disputed)
    told = np.flatnonzero(~shows & (values.number != NOWHERE))
    number = values.number[told]
    clear = (values.first_place[number] == values.place[number]) & (values.sends[number] < 2) & ~values.disputed[number]
    place[told[clear]] = values.place[number[clear]]
    return Versions(messages, places, values, place, _received(messages, places, place))


def _received(messages: Messages, places: Places, place: Ints) -> Bools:
    received = _any(messages.polls[places.rows], np.flatnonzero(places.first))
    received[place[messages.polls & (place != NOWHERE)]] = True
    return received


def _by(messages: Messages, which: Bools, key: Ints) -> Order:
    """These messages by stream and key."""
    rows = np.flatnonzero(which)
    found = grouped(messages.stream[rows], key[rows])
    return Order(rows[found.rows], found.first)


def _places(messages: Messages, by_offset: Order) -> Places:
    rows, first = by_offset.rows, by_offset.first
    begins = np.flatnonzero(first)
    other = ~first & starts(messages.value[rows])
    return Places(
        rows=rows,
        first=first,
        stream=messages.stream[rows[begins]],
        disputed=_any(other, begins),
    )


def _values(messages: Messages, by_value: Order, place: Ints, disputed: Bools) -> Values:
    maybe = messages.sends & (messages.fate != Fate.FAIL)
    rows, first = by_value.rows, by_value.first
    begins = np.flatnonzero(first)
    number = np.full(len(messages), NOWHERE, np.int64)
    number[rows] = ranks(first)
    # One column instead of five: to bring columns into another order takes the most time of all.
    told = _bits(messages.sends, maybe, maybe & (messages.fate == Fate.OK), messages.polls, disputed)[rows]
    sent, possibly, acknowledged, read, in_dispute = ((told & (1 << bit)) > 0 for bit in range(5))
    at = place[rows]
    far = len(messages)
    sender = _least(np.where(possibly, rows, far), begins)
    anyhow = sender if (maybe == messages.sends).all() else _least(np.where(sent, rows, far), begins)
    return Values(
        number=number,
        stream=messages.stream[rows[begins]],
        sent=anyhow < far,
        acknowledged=_any(acknowledged, begins),
        sends=_count(possibly, begins),
        reads=_count(read, begins),
        first_place=_or_nowhere(_least(np.where(at == NOWHERE, far, at), begins), far),
        place=np.maximum.reduceat(at, begins) if len(begins) else begins,
        disputed=_any(in_dispute, begins),
        sender=_or_nowhere(np.where(sender == far, anyhow, sender), far),
        reader=_or_nowhere(_least(np.where(read, rows, far), begins), far),
        seen_ns=_least(np.where(read, messages.end_ns[rows], NEVER_NS), begins),
    )


def _bits(*flags: Bools) -> NDArray[np.uint8]:
    packed = np.zeros(len(flags[0]), np.uint8)
    for bit, flag in enumerate(flags):
        packed |= flag.view(np.uint8) << np.uint8(bit)
    return packed


def _least(numbers: Ints, begins: Ints) -> Ints:
    return np.minimum.reduceat(numbers, begins) if len(begins) else begins


def _count(flags: Bools, begins: Ints) -> Ints:
    return np.add.reduceat(flags, begins, dtype=np.int64) if len(begins) else begins


def _any(flags: Bools, begins: Ints) -> Bools:
    return np.logical_or.reduceat(flags, begins) if len(begins) else flags[:0]


def _or_nowhere(numbers: Ints, far: int) -> Ints:
    return np.where(numbers == far, NOWHERE, numbers)
