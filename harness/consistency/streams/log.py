"""What the streams themselves show: what they hold, lack, hold twice, or should not hold.

All of this is O(n) once the versions are there.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.consistency.streams.clients import PollSteps
from harness.consistency.streams.found import NONE, Found
from harness.consistency.streams.messages import Act, Fate, Messages
from harness.consistency.streams.sorting import Bools, Floats, Ints, ranks, starts
from harness.consistency.streams.versions import NEVER_NS, NOWHERE, Versions
from harness.verdict import Cell

DISPUTED = "some were seen at offsets that showed more than one value"
POLLS_UNKNOWN = "of some polls it is not known what they received"


def inconsistent_offsets(versions: Versions) -> Found:
    """Two values at one offset of a stream."""
    places, value = versions.places, versions.messages.value
    differs = ~places.first
    differs[1:] &= value[places.rows[1:]] != value[places.rows[:-1]]
    at = np.flatnonzero(differs)
    at = at[starts(ranks(places.first)[at])]  # one for each place
    return Found(places.rows[at], len(places), places.rows[at - 1])


def duplicates(versions: Versions) -> Found:
    """One value at more offsets of its stream than it was sent times."""
    values = versions.values
    twice = np.flatnonzero((values.first_place != NOWHERE) & (values.first_place < values.place))
    sent_more = values.sends[twice] > 1
    distinct = np.full(len(twice), 2, np.int64)
    if sent_more.any():
        distinct[sent_more] = _places_each(versions, twice[sent_more])
    wrong = twice[distinct > np.maximum(values.sends[twice], 1)]
    return Found(
        _row_with(versions, values.place[wrong], wrong),
        int(np.count_nonzero(values.place != NOWHERE)),
        _row_with(versions, values.first_place[wrong], wrong),
        doubtful=int(np.count_nonzero(values.disputed)),
        doubt=DISPUTED,
    )


def _places_each(versions: Versions, wanted: Ints) -> Ints:
    """At how many places each of these values was seen."""
    number, place = versions.values.number, versions.place
    rows = np.flatnonzero(np.isin(number, wanted) & (place != NOWHERE))
    seen = np.unique(np.stack((number[rows], place[rows])), axis=1)
    return np.bincount(np.searchsorted(wanted, seen[0]), minlength=len(wanted))


def _row_with(versions: Versions, places: Ints, values: Ints) -> Ints:
    """The first message at each of these places, which are not disputed."""
    if not len(values):
        return NONE
    begins = np.flatnonzero(versions.places.first)
    return versions.places.rows[begins[places]]


def lost_writes(versions: Versions, polls: PollSteps) -> Found:
    """Acknowledged and never received, though something was that lies further on in the stream.

    If of some poll it is not known what it received, only what a client passed over between two polls that succeeded,
    and all between, is known to be lost.
    """
    passed = passed_over(versions)
    values, rows = versions.values, versions.values.sender[passed]
    concerned = int(np.count_nonzero(values.acknowledged & (values.place != NOWHERE) & (values.reads > 0)))
    known = np.ones(len(passed), np.bool_)
    if _polls_unknown(versions.messages).any():
        known = polls.passed(len(versions.places))[values.place[passed]]
    disputed = int(np.count_nonzero(values.acknowledged & values.disputed & (values.reads == 0)))
    doubtful = int(np.count_nonzero(~known))
    return Found(
        rows[known],
        concerned + len(passed),
        doubtful=doubtful + disputed,
        doubt=POLLS_UNKNOWN if doubtful else DISPUTED,
    )


def passed_over(versions: Versions) -> Ints:
    """Values that were acknowledged and never received, with something further on that was."""
    values = versions.values
    unread = np.flatnonzero(values.acknowledged & (values.reads == 0) & (values.place != NOWHERE))
    return unread[values.place[unread] < _bound(versions)[values.place[unread]]] if len(unread) else unread


def _bound(versions: Versions) -> Ints:
    """Of each place: the furthest of its stream at which something was received; NOWHERE if nothing was."""
    places = versions.places
    streams = starts(places.stream)
    received = np.where(versions.received, np.arange(len(places)), NOWHERE)
    return np.maximum.reduceat(received, np.flatnonzero(streams))[ranks(streams)]


def _polls_unknown(messages: Messages) -> Bools:
    unknown: Bools = (messages.act == Act.POLL) & (messages.fate == Fate.INDETERMINATE)
    return unknown


def aborted_reads(versions: Versions) -> Found:
    """Received although every send of it had failed (G1a)."""
    values = versions.values
    received = values.sent & (values.reads > 0)
    wrong = np.flatnonzero(received & (values.sends == 0))
    return Found(values.reader[wrong], int(np.count_nonzero(received)), values.sender[wrong])


def unexpected(versions: Versions) -> Found:
    """Received although nobody sent it."""
    values = versions.values
    received = values.reads > 0
    wrong = np.flatnonzero(received & ~values.sent)
    recovered = np.count_nonzero(received & (values.sends > 0) & ~values.acknowledged)
    return Found(values.reader[wrong], int(np.count_nonzero(received)), figures={"recovered": int(recovered)})


def unseen(versions: Versions) -> Found:
    """Acknowledged and not received by the end, and not passed over either.

    What a poll may have received of which that is not known, is doubtful: what was sent before that poll ended.
    """
    messages, values = versions.messages, versions.values
    missing = values.acknowledged & (values.reads == 0)
    missing[passed_over(versions)] = False
    missing &= ~values.disputed
    rows = values.sender[np.flatnonzero(missing)]
    unknown = _polls_unknown(messages)
    known = np.ones(len(rows), np.bool_)
    if unknown.any():
        last_ns = messages.end_ns[unknown].max() if messages.timed else NEVER_NS
        known = messages.start_ns[rows] > last_ns
    return Found(
        rows[known],
        int(np.count_nonzero(values.acknowledged)),
        doubtful=int(np.count_nonzero(~known)),
        doubt=POLLS_UNKNOWN,
        figures=_waiting(versions),
    )


def _waiting(versions: Versions) -> Mapping[str, Cell]:
    """How many values had been acknowledged and not yet received: at most, and at the end."""
    at_s, counts = unseen_over_time(versions)
    if not len(counts):
        return {}
    most = int(np.argmax(counts))
    return {"unseen_max": int(counts[most]), "unseen_max_at_s": float(at_s[most]), "unseen_at_end": int(counts[-1])}


def unseen_over_time(versions: Versions, points: int = 100) -> tuple[Floats, Ints]:
    """How many values had been acknowledged and not yet received, at times that are equally far apart, in seconds."""
    messages, values = versions.messages, versions.values
    acknowledged = np.flatnonzero(values.acknowledged)
    if not len(acknowledged) or not messages.timed:
        return np.zeros(0), NONE
    sent_ns = messages.end_ns[values.sender[acknowledged]] - messages.origin_ns
    read = values.reads[acknowledged] > 0
    seen_ns = np.maximum(values.seen_ns[acknowledged[read]] - messages.origin_ns, sent_ns[read])
    last_ns = max(int(sent_ns.max()), int(seen_ns.max(initial=0)))
    step_ns = max(1, -(-last_ns // points))
    waiting = _by_then(sent_ns, step_ns, points) - _by_then(seen_ns, step_ns, points)
    return np.round(np.arange(1, points + 1) * step_ns / 1e9, 6), waiting


def _by_then(times_ns: Ints, step_ns: int, points: int) -> Ints:
    """How many of the times are within one step, two steps, and so on."""
    step = np.minimum(np.maximum(times_ns - 1, 0) // step_ns, points - 1)
    return np.cumsum(np.bincount(step, minlength=points), dtype=np.int64)
