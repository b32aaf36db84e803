"""What each client received and sent, in its own order: the next message each time, and forward."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.consistency.streams.found import Found
from harness.consistency.streams.messages import Act, Fate, Messages
from harness.consistency.streams.sorting import Bools, Ints, order, ranks, starts
from harness.consistency.streams.versions import NOWHERE, Versions

DISPUTED = "messages at offsets that showed more than one value are left out"
REBALANCED = "what clients were to consume changed without a record of it"


@dataclass(frozen=True)
class Steps:
    """From one message of a client and stream to another: how many places on, and whether both are of one operation."""

    rows: Ints
    before: Ints
    delta: Ints
    within: Bools

    def found(self, wrong: Bools, *, within: bool, doubtful: int, doubt: str = DISPUTED) -> Found:
        concerned = self.within == within
        at = np.flatnonzero(wrong & concerned)
        return Found(self.rows[at], int(np.count_nonzero(concerned)), self.before[at], doubtful, doubt)


@dataclass(frozen=True)
class PollSteps:
    """Of polls that succeeded; what is disputed is left out, and so is what lies between two assignments.

    An assignment keeps the place in streams that it keeps. A client that subscribed may lose a stream to another one
    and get it back without a record of it, so then only steps within one poll are steps.
    """

    forward: Steps
    """Each step as the client made it."""
    onward: Steps
    """From each message to the next further on that the client received, whichever came first; places that nobody
    received do not count. After a poll of which it is not known what it received, it begins anew."""
    low: Ints
    """Of `onward`: the place before and the place after."""
    high: Ints
    left_out: int
    """How many messages were disputed."""

    def passed(self, places: int) -> Bools:
        """Of each place, whether a client went on past it without receiving what is there."""
        gaps = np.flatnonzero(self.high - self.low > 1)
        covered = np.bincount(self.low[gaps] + 1, minlength=places + 1) - np.bincount(
            self.high[gaps], minlength=places + 1
        )
        return np.cumsum(covered)[:places] > 0


def poll_steps(versions: Versions, *, rebalanced: bool = False) -> PollSteps:
    """`rebalanced`: clients subscribed, and no record says so. O(n log n)."""
    messages = versions.messages
    polled = messages.polls & (messages.fate == Fate.OK)
    placed = polled & (versions.place != NOWHERE)
    assigned = (messages.act == Act.ASSIGN) & (messages.fate == Fate.OK)
    rows = np.flatnonzero(placed | assigned)
    rows = rows[order(messages.process[rows], messages.stream[rows])]
    period, known = _periods(messages, rows, assigned[rows], rebalanced)
    messages_only = placed[rows]
    rows, period, known = rows[messages_only], period[messages_only], known[messages_only]
    place = versions.place[rows]
    forward = _steps(messages, rows, place, period)
    # Seldom is anything received in another order than that of the stream.
    by_place = order(known, place)
    rows, place, known = rows[by_place], place[by_place], known[by_place]
    received = np.cumsum(versions.received & ~versions.places.disputed, dtype=np.int64)
    onward = _steps(messages, rows, received[place], known)
    again = ~starts(known)
    at = np.flatnonzero(again)
    return PollSteps(
        forward, onward, place[at - 1], place[at], int(np.count_nonzero(polled & ~placed & messages.located))
    )


def _steps(messages: Messages, rows: Ints, place: Ints, period: Ints) -> Steps:
    """Between neighbours of the same period."""
    at = np.flatnonzero(~starts(period))
    after, before = rows[at], rows[at - 1]
    within = messages.operation[after] == messages.operation[before]
    return Steps(after, before, place[at] - place[at - 1], within)


def _periods(messages: Messages, rows: Ints, assigned: Bools, rebalanced: bool) -> tuple[Ints, Ints]:
    """For rows by client and stream: the same number where the client kept its place in the stream; and where, besides,
    it is known what it received."""
    begins = starts(messages.process[rows], messages.stream[rows])
    lasting = messages.fate != Fate.FAIL
    changes = _first_rows(messages, (messages.act >= Act.ASSIGN) & lasting)
    if rebalanced:
        begins |= starts(messages.operation[rows])
    elif len(changes):
        so_far, last = _before(messages, changes, rows)
        # A client's assignments up to then, less those that name the stream: constant while it is kept.
        named = np.cumsum(assigned & starts(messages.operation[rows], messages.stream[rows]))
        begins |= starts(so_far - named)
        subscribed = (last != NOWHERE) & (messages.act[last] == Act.SUBSCRIBE)
        begins |= starts(subscribed) | (subscribed & starts(messages.operation[rows]))
    unknown = _first_rows(messages, (messages.act == Act.POLL) & (messages.fate == Fate.INDETERMINATE))
    known = begins
    if len(unknown):
        known = begins | starts(_before(messages, unknown, rows)[0])
    return ranks(begins), ranks(known)


def _first_rows(messages: Messages, which: Bools) -> Ints:
    """The first of these rows of each operation that has some."""
    rows = np.flatnonzero(which)
    return rows[starts(messages.operation[rows])]


def _before(messages: Messages, events: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """For each of `rows`: how many of the events come before it, of all clients up to its own; and the last one of its
    client, or NOWHERE."""
    merged = np.concatenate((events, rows))
    is_event = np.zeros(len(merged), np.bool_)
    is_event[: len(events)] = True
    by_client = order(messages.process[merged], messages.operation[merged], ~is_event)
    is_event = is_event[by_client]
    count = np.cumsum(is_event)
    at = np.maximum.accumulate(np.where(is_event, np.arange(len(merged)), -1))
    own = (at >= 0) & (messages.process[merged[by_client[at]]] == messages.process[merged[by_client]])
    last = np.where(own, merged[by_client[at]], NOWHERE)
    so_far, latest = np.empty(len(merged), np.int64), np.empty(len(merged), np.int64)
    so_far[by_client], latest[by_client] = count, last
    return so_far[len(events) :], latest[len(events) :]


def poll_skips(polls: PollSteps, *, within: bool) -> Found:
    """Left out by a client although it received what lies before and what lies after, and somebody received it."""
    return polls.onward.found(polls.onward.delta > 1, within=within, doubtful=polls.left_out)


def not_monotonic_polls(polls: PollSteps, *, within: bool) -> Found:
    """Received by a client after the same message, or one that lies further on."""
    return polls.forward.found(polls.forward.delta < 1, within=within, doubtful=polls.left_out)


@dataclass(frozen=True)
class SendSteps:
    """Of sends that were acknowledged, where it is known where they went. What is sent again is left out: it may be
    acknowledged where it was before."""

    forward: Steps
    """From each message of a client and stream to its next."""
    onward: Steps
    """Within one operation, from each to the next further on; places of which nobody knows who sent what is there do
    not count."""
    left_out: int
    """How many messages were disputed."""


def send_steps(versions: Versions) -> SendSteps:
    """O(n log n)."""
    messages, values, place = versions.messages, versions.values, versions.place
    sent = messages.sends & (messages.fate == Fate.OK)
    sent[sent] = values.sends[values.number[sent]] == 1
    placed = sent & (place != NOWHERE)
    rows = np.flatnonzero(placed)
    rows = rows[order(messages.process[rows], messages.stream[rows])]
    forward = _steps(messages, rows, place[rows], ranks(starts(messages.process[rows], messages.stream[rows])))
    operation = ranks(starts(messages.process[rows], messages.stream[rows], messages.operation[rows]))
    by_place = order(operation, place[rows])
    rows, operation = rows[by_place], operation[by_place]
    known = np.zeros(len(versions.places), np.bool_)
    known[place[messages.sends & (messages.fate != Fate.FAIL) & (place != NOWHERE)]] = True
    onward = _steps(messages, rows, np.cumsum(known, dtype=np.int64)[place[rows]], operation)
    return SendSteps(forward, onward, int(np.count_nonzero(sent & ~placed & messages.located)))


def not_monotonic_sends(sends: SendSteps, *, within: bool) -> Found:
    """Sent by a client after something that lies further on."""
    return sends.forward.found(sends.forward.delta < 1, within=within, doubtful=sends.left_out)


def send_skips(sends: SendSteps) -> Found:
    """Sent by one operation, with something that others sent in between."""
    return sends.onward.found(sends.onward.delta > 1, within=True, doubtful=sends.left_out)


def consumed_again(versions: Versions) -> Found:
    """Received by a client that had received the same message already: the same offset, or if there are none, the same
    value. O(n log n)."""
    messages = versions.messages
    rows = np.flatnonzero(messages.polls & (messages.fate == Fate.OK))
    located = messages.located[rows]
    message = np.where(located, messages.offset[rows], versions.values.number[rows])
    rows = rows[order(messages.process[rows], messages.stream[rows], located, message)]
    located = messages.located[rows]
    message = np.where(located, messages.offset[rows], versions.values.number[rows])
    first = starts(messages.process[rows], messages.stream[rows], located, message)
    again = np.flatnonzero(~first)
    times = np.diff(np.append(np.flatnonzero(first), len(rows)))
    figures = {"received_times_max": int(times.max(initial=0)), "received_again": len(again)}
    return Found(rows[again], int(np.count_nonzero(first)), rows[again - 1], figures=figures)
