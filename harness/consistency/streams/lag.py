"""How old what clients see is, against what they could have seen."""

from __future__ import annotations

import numpy as np

from harness.consistency.streams.found import NONE, Found
from harness.consistency.streams.messages import Act, Fate
from harness.consistency.streams.sorting import Ints, order, ranks, starts
from harness.consistency.streams.versions import NEVER_NS, NOWHERE, Versions


def lagging(versions: Versions, lag_s_max: float | None) -> Found:
    """Polls that showed a stream as it was longer ago than `lag_s_max`."""
    if not versions.messages.timed:
        return Found(NONE, 0)
    rows, lag_ns = realtime_lags(versions)
    figures = {"lag_s_max": int(lag_ns.max(initial=0)) / 1e9}
    if lag_s_max is None:
        return Found(NONE, len(rows), doubtful=len(rows), doubt="it is not said what is allowed", figures=figures)
    return Found(rows[lag_ns > int(lag_s_max * 1e9)], len(rows), figures=figures)


def realtime_lags(versions: Versions) -> tuple[Ints, Ints]:
    """Each poll that succeeded, by its last message of each stream, with how far it lagged behind, in ns. O(n log n).

    Where a stream is further on than a client has seen, it has been so at the latest since the earliest end of an
    operation that showed anything further on; the lag is from then to the beginning of the poll. A poll that receives
    nothing from a stream counts if it has a row that says so; a client that has seen nothing of it yet does not.
    """
    messages = versions.messages
    rows = np.flatnonzero((messages.act == Act.POLL) & (messages.fate == Fate.OK))
    rows = rows[order(messages.process[rows], messages.stream[rows])]
    group = ranks(starts(messages.process[rows], messages.stream[rows]))
    reached = _furthest(versions.place[rows], group)
    last = np.ones(len(rows), np.bool_)
    last[:-1] = starts(group, messages.operation[rows])[1:]
    last &= reached != NOWHERE
    polls = rows[last]
    if not len(polls):
        return NONE, NONE
    return polls, np.maximum(messages.start_ns[polls] - _passed_at_ns(versions)[reached[last]], 0)


def _furthest(place: Ints, group: Ints) -> Ints:
    """The furthest place so far in each group."""
    span = int(place.max(initial=0)) + 2
    return np.maximum.accumulate(group * span + place + 1) - group * span - 1


def _passed_at_ns(versions: Versions) -> Ints:
    """Of each place: when it was first known that there is one further on in its stream."""
    places = versions.places
    shown_ns = np.minimum.reduceat(versions.messages.end_ns[places.rows], np.flatnonzero(places.first))
    by_time = order(shown_ns)
    rank = np.empty(len(shown_ns), np.int64)
    rank[by_time] = np.arange(len(shown_ns))
    # From the end of each stream to its beginning, the earliest so far. Earlier streams have lower numbers, so they
    # begin afresh.
    first = starts(places.stream)
    number, span = ranks(first), len(shown_ns)
    earliest = np.minimum.accumulate((number * span + rank)[::-1])[::-1] - number * span
    passed_ns = np.full(len(shown_ns), NEVER_NS)
    follows = np.flatnonzero(~first)
    passed_ns[follows - 1] = shown_ns[by_time[earliest[follows]]]
    return passed_ns
