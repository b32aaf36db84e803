"""The anomalies of streams, found the plainest way: every definition as it reads, over lists and dictionaries.

Nothing here is shared with what it is held against; see docs/consistency.md for the definitions.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TypeAlias

from harness.consistency.streams.anomalies import Promises
from tests.histories.broker import Broker, Did

Place: TypeAlias = tuple[str, int]
"""Stream and offset."""
Value: TypeAlias = tuple[str, str]
"""Stream and value."""


@dataclass(frozen=True)
class Row:
    operation: int
    did: Did
    kind: str
    stream: str | None
    offset: int | None
    value: str | None

    @property
    def what(self) -> Value:
        assert self.stream is not None
        assert self.value is not None
        return self.stream, self.value

    @property
    def end_ns(self) -> int:
        assert self.did.end_ns is not None
        return self.did.end_ns

    @property
    def start_ns(self) -> int:
        assert self.did.start_ns is not None
        return self.did.start_ns


@dataclass
class Receipts:
    """What a client received of one stream while it kept its place in it."""

    rows: list[tuple[Row, int]] = field(default_factory=list)


class Oracle:
    def __init__(self, told: Broker, promises: Promises) -> None:
        self.promises = promises
        self.rows = [
            Row(number, did, part.kind, part.stream, part.offset, part.value)
            for number, did in enumerate(told.operations)
            for part in did.parts
        ]
        self.sends = [row for row in self.rows if row.kind == "send" and row.value is not None]
        self.maybe = Counter(row.what for row in self.sends if row.did.outcome != "fail")
        self.receipts = [
            row for row in self.rows if row.kind == "poll" and row.value is not None and row.did.outcome != "fail"
        ]
        self.read = {row.what for row in self.receipts}
        self.acknowledged = {row.what for row in self.sends if row.did.outcome == "ok"}
        self.shown: dict[Place, set[str]] = defaultdict(set)
        for row in [*(row for row in self.sends if row.did.outcome == "ok"), *self.receipts]:
            if row.offset is not None:
                self.shown[(row.what[0], row.offset)].add(row.what[1])
        self.disputed = {place for place, values in self.shown.items() if len(values) > 1}
        self.received = {(row.what[0], place) for row in self.receipts if (place := self.place(row)) is not None}
        self.unknown_polls = [row for row in self.rows if row.kind == "poll" and row.did.outcome == "indeterminate"]

    def offsets(self, value: Value) -> list[int]:
        """Those at which only this value was seen."""
        return sorted(
            offset for (stream, offset), values in self.shown.items() if stream == value[0] and values == {value[1]}
        )

    def in_dispute(self, value: Value) -> bool:
        return any(place[0] == value[0] and value[1] in self.shown[place] for place in self.disputed)

    def place(self, row: Row) -> int | None:
        """The offset, as far as it is beyond doubt."""
        shows = row.offset is not None and (row in self.receipts or (row in self.sends and row.did.outcome == "ok"))
        if shows:
            assert row.offset is not None
            return None if (row.what[0], row.offset) in self.disputed else row.offset
        offsets = self.offsets(row.what)
        alone = len(offsets) == 1 and self.maybe[row.what] < 2 and not self.in_dispute(row.what)
        return offsets[0] if alone else None

    def inconsistent_offset(self) -> int:
        return len(self.disputed)

    def duplicate(self) -> int:
        values = {(stream, value) for (stream, _), values in self.shown.items() for value in values}
        return sum(len(self.offsets(value)) > max(1, self.maybe[value]) for value in values)

    def _passed(self) -> list[Value]:
        found = []
        for value in self.acknowledged - self.read:
            offsets = self.offsets(value)
            seen = [*self.received, *((row.what[0], row.offset) for row in self.receipts if row.offset is not None)]
            bound = max((offset for stream, offset in seen if stream == value[0]), default=None)
            if offsets and bound is not None and bound > offsets[-1]:
                found.append(value)
        return found

    def lost_write(self) -> int:
        return sum(not self.unknown_polls or self._passed_by_a_client(value) for value in self._passed())

    def _passed_by_a_client(self, value: Value) -> bool:
        at = self.offsets(value)[-1]
        return any(
            min(places) < at < max(places)
            for stream, receipts in self._periods(known=True)
            if stream == value[0] and (places := [place for _, place in receipts.rows])
        )

    def unseen(self) -> int:
        missing = [
            value
            for value in self.acknowledged - self.read
            if value not in self._passed() and not self.in_dispute(value)
        ]
        last_ns = max((row.end_ns for row in self.unknown_polls), default=-1)
        begun_ns = {
            value: min(row.start_ns for row in self.sends if row.what == value and row.did.outcome != "fail")
            for value in missing
        }
        return sum(begun_ns[value] > last_ns for value in missing)

    def aborted_read(self) -> int:
        return len({row.what for row in self.sends} & {value for value in self.read if not self.maybe[value]})

    def unexpected(self) -> int:
        return len(self.read - {row.what for row in self.sends})

    def _periods(self, *, known: bool) -> Iterator[tuple[str, Receipts]]:
        """What each client received of each stream, from where it began anew to where it did so again. `known`: also
        after polls of which it is not known what they received."""
        done: list[tuple[str, Receipts]] = []
        for process in {row.did.process for row in self.rows}:
            at: dict[str, Receipts] = {}
            subscribed = False
            for number in sorted({row.operation for row in self.rows if row.did.process == process}):
                rows = [row for row in self.rows if row.operation == number]
                kinds, outcome = {row.kind for row in rows}, rows[0].did.outcome
                kept = set(at)
                if kinds == {"assign"} and outcome != "fail":
                    kept = set() if subscribed or outcome != "ok" else kept & {row.stream for row in rows}
                    subscribed = False
                if kinds == {"subscribe"} and outcome != "fail":
                    kept, subscribed = set(), True
                if subscribed or self.promises.rebalanced:
                    kept = set()
                if known and "poll" in kinds and outcome == "indeterminate":
                    kept = set()
                done += [(stream, at.pop(stream)) for stream in set(at) - kept]
                for row in rows:
                    place = self.place(row) if row in self.receipts and outcome == "ok" else None
                    if place is not None:
                        at.setdefault(row.what[0], Receipts()).rows.append((row, place))
            done += at.items()
        return iter(done)

    def poll_skip(self, *, within: bool) -> int:
        count = 0
        for stream, receipts in self._periods(known=True):
            for (before, low), (after, high) in pairwise(sorted(receipts.rows, key=lambda each: each[1])):
                between = any(low < offset < high for of, offset in self.received if of == stream)
                count += between and within == (before.operation == after.operation)
        return count

    def nonmonotonic_poll(self, *, within: bool) -> int:
        return sum(
            high <= low and within == (before.operation == after.operation)
            for _, receipts in self._periods(known=False)
            for (before, low), (after, high) in pairwise(receipts.rows)
        )

    def _send_steps(self) -> Iterator[tuple[Row, int, Row, int]]:
        sent: dict[tuple[str, str], tuple[Row, int]] = {}
        for row in self.sends:
            place = self.place(row) if row.did.outcome == "ok" and self.maybe[row.what] == 1 else None
            if place is not None:
                lane = row.did.process, row.what[0]
                if lane in sent:
                    yield (*sent[lane], row, place)
                sent[lane] = row, place

    def nonmonotonic_send(self, *, within: bool) -> int:
        return sum(
            high <= low and within == (before.operation == after.operation)
            for before, low, after, high in self._send_steps()
        )

    def send_skip(self) -> int:
        known = {(row.stream, self.place(row)) for row in self.sends if row.did.outcome != "fail"}
        lanes: dict[tuple[int, str], list[int]] = defaultdict(list)
        for row in self.sends:
            place = self.place(row) if row.did.outcome == "ok" and self.maybe[row.what] == 1 else None
            if place is not None:
                lanes[row.operation, row.what[0]].append(place)
        return sum(
            any((stream, between) in known for between in range(low + 1, high))
            for (_, stream), places in lanes.items()
            for low, high in pairwise(sorted(places))
        )

    def precommitted_read(self) -> int:
        return sum(
            any(
                send.what == row.what and send.operation == row.operation and self.maybe[row.what] == 1
                for send in self.sends
            )
            for row in self.receipts
        )

    def consume_count(self) -> int:
        times = Counter(
            (row.did.process, row.stream, row.value if row.offset is None else row.offset)
            for row in self.receipts
            if row.did.outcome == "ok"
        )
        return sum(count - 1 for count in times.values())

    def realtime_lag(self) -> int:
        assert self.promises.lag_s_max is not None
        reached: dict[tuple[str, str], int] = {}
        late = 0
        for number in sorted({row.operation for row in self.rows}):
            rows = [
                row for row in self.rows if row.operation == number and row.kind == "poll" and row.did.outcome == "ok"
            ]
            for row in rows:
                place = self.place(row) if row.value is not None else None
                if place is not None:
                    client = row.did.process, row.what[0]
                    reached[client] = max(place, reached.get(client, place))
            for stream in {row.stream for row in rows if row.stream is not None}:
                client = rows[0].did.process, stream
                if client in reached:
                    late += self._lag_ns(stream, reached[client], rows[0].start_ns) > self.promises.lag_s_max * 1e9
        return late

    def _lag_ns(self, stream: str, reached: int, at_ns: int) -> int:
        showing = [*self.receipts, *(row for row in self.sends if row.did.outcome == "ok")]
        further = [
            row.end_ns for row in showing if row.stream == stream and row.offset is not None and row.offset > reached
        ]
        return at_ns - min(further, default=at_ns)

    def _edges(self, *, sends: bool) -> set[tuple[int, int, bool]]:
        """Operations of which one comes before the other; whether because the second received what the first sent."""
        placed = sorted(
            (row.what[0], place, row.operation)
            for row in self.sends
            if row.did.outcome != "fail" and self.maybe[row.what] == 1 and (place := self.place(row)) is not None
        )
        edges = {(first[2], second[2], False) for first, second in pairwise(placed) if sends and first[0] == second[0]}
        for row in self.receipts:
            place = self.place(row) if row.did.outcome == "ok" else None
            if place is not None:
                earlier = [each for each in placed if each[0] == row.stream and each[1] <= place]
                senders = [each for each in earlier if each[1] == place] or (earlier[-1:] if sends else [])
                edges |= {(each[2], row.operation, True) for each in senders}
        return {(source, target, reads) for source, target, reads in edges if source != target}

    def write_cycle(self) -> bool:
        edges = {edge for edge in self._edges(sends=True) if not edge[2]}
        return any(_reaches(edges, target, source) for source, target, _ in edges)

    def read_cycle(self) -> bool:
        edges = self._edges(sends=self.promises.isolated)
        return any(_reaches(edges, target, source) for source, target, reads in edges if reads)

    @cached_property
    def found(self) -> dict[str, int]:
        return {
            "inconsistent-offset": self.inconsistent_offset(),
            "duplicate": self.duplicate(),
            "lost-write": self.lost_write(),
            "unseen": self.unseen(),
            "aborted-read": self.aborted_read(),
            "unexpected": self.unexpected(),
            "poll-skip": self.poll_skip(within=False),
            "int-poll-skip": self.poll_skip(within=True),
            "nonmonotonic-poll": self.nonmonotonic_poll(within=False),
            "int-nonmonotonic-poll": self.nonmonotonic_poll(within=True),
            "nonmonotonic-send": self.nonmonotonic_send(within=False),
            "int-nonmonotonic-send": self.nonmonotonic_send(within=True),
            "int-send-skip": self.send_skip(),
            "precommitted-read": self.precommitted_read(),
            "write-cycle": int(self.write_cycle()),
            "read-cycle": int(self.read_cycle()),
            "consume-count": self.consume_count(),
            "realtime-lag": self.realtime_lag(),
        }


def _reaches(edges: set[tuple[int, int, bool]], start: int, end: int) -> bool:
    reached, waiting = {start}, [start]
    for node in waiting:
        for source, target, _ in edges:
            if source == node and target not in reached:
                reached.add(target)
                waiting.append(target)
    return end in reached
