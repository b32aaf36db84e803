"""Operations that each came before the other: cycles of what they wrote (G0), or wrote and received (G1c).

What an append-only stream held, and in which order, is known, so the dependencies between operations are read off it
(Kingsbury and Alvaro, "Elle: Inferring Isolation Anomalies from Experimental Observations", 2020): of two neighbours in
a stream, whoever sent the first came before whoever sent the second (ww), and before whoever received it (wr).

A cycle passes only through operations that touch more than one message and send one. And no edge of it can all go
forward in time. So times are mended first: an operation that depends on a later one is put after it, round after
round. Where all edges go forward in the end, there is no cycle. What is left going back lies close together, and only
what lies within is searched (Tarjan's strongly connected components, O(nodes + edges)).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from harness.consistency.streams.clients import DISPUTED
from harness.consistency.streams.found import NONE, Found
from harness.consistency.streams.messages import Fate, Messages
from harness.consistency.streams.sorting import Bools, Ints, order, starts
from harness.consistency.streams.versions import NOWHERE, Versions

ROUNDS_MAX = 100


def precommitted_reads(versions: Versions) -> Found:
    """Received by the operation that sends them, before that is committed. O(n)."""
    messages, values = versions.messages, versions.values
    rows = np.flatnonzero(messages.polls & both_ways(messages)[messages.operation])
    sender = values.sender[values.number[rows]]
    own = (messages.operation[sender] == messages.operation[rows]) & (values.sends[values.number[rows]] == 1)
    return Found(rows[own], len(rows), sender[own])


def both_ways(messages: Messages) -> Bools:
    """Of each operation, whether it sends and receives."""
    sending, polling = np.zeros((2, int(messages.operation[-1]) + 1 if len(messages) else 0), np.bool_)
    sending[messages.operation[messages.sends]] = True
    polling[messages.operation[messages.polls]] = True
    return sending & polling


def cycles(versions: Versions, graph: Graph, *, reading: bool) -> Found:
    """The first cycle, message by message: one over something received, or if not `reading`, over sends alone.

    Cycles are counted one for each set of operations that all depend on each other.
    """
    if not reading:
        graph = Graph(graph.edges.only(~graph.edges.reads), graph.time_ns)
    found = find_cycles(graph, reading=reading)
    first = min(found, key=lambda cycle: int(versions.messages.end_ns[cycle.target_row].min()), default=None)
    disputed = int(np.count_nonzero(versions.places.disputed))
    return Found(
        NONE if first is None else first.target_row,
        len(graph.edges),
        None if first is None else first.source_row,
        doubtful=disputed,
        doubt=DISPUTED,
        figures={"cycles": len(found)},
    )


@dataclass(frozen=True)
class Edges:
    """From node to node. `rows` show it: what the first sent, and what the second sent or received."""

    source: Ints
    target: Ints
    source_row: Ints
    target_row: Ints
    reads: Bools
    """Whether the second received (wr), or sent (ww)."""

    def __len__(self) -> int:
        return len(self.source)

    def only(self, which: Bools | Ints) -> Edges:
        return Edges(
            self.source[which], self.target[which], self.source_row[which], self.target_row[which], self.reads[which]
        )


@dataclass(frozen=True)
class Graph:
    """The operations that can be on a cycle as nodes; `time_ns` is when each happened, about."""

    edges: Edges
    time_ns: Ints


def dependencies(versions: Versions, *, sends: bool) -> Graph:
    """Between operations that touch more than one message and send some; `sends`: those between two that send (ww) too.
    O(n log n)."""
    messages = versions.messages
    involved = _involved(messages)
    node = np.cumsum(involved) - 1
    within = involved[messages.operation]
    reads = messages.polls & (messages.fate == Fate.OK) & within
    sent_once = messages.sends & (messages.fate != Fate.FAIL)
    sent_once[sent_once] = versions.values.sends[versions.values.number[sent_once]] == 1
    rows = np.flatnonzero((versions.place != NOWHERE) & (reads | sent_once))
    # By place, and there first what was sent. Operations with one message are left out: what they lead to, what is
    # before them in their stream leads to as well.
    rows = rows[order(versions.place[rows], reads[rows])]
    place, stream, operation = versions.place[rows], messages.stream[rows], messages.operation[rows]
    read, part = reads[rows], within[rows]
    nearest, before = _last_before(~read), _last_before(~read & part)
    known = part & (before != -1) & (read | sends)
    known &= (stream[before] == stream) if sends else (place[before] == place)
    # What an operation does after itself is no cycle, unless something else lies between.
    known &= (operation[before] != operation) | (operation[nearest] != operation)
    at = np.flatnonzero(known)
    source, target = before[at], at
    edges = Edges(node[operation[source]], node[operation[target]], rows[source], rows[target], read[at])
    first_rows = np.flatnonzero(starts(messages.operation))[involved]
    middle_ns = messages.start_ns[first_rows] + (messages.end_ns[first_rows] - messages.start_ns[first_rows]) // 2
    return Graph(edges, middle_ns if messages.timed else first_rows)


def _last_before(which: Bools) -> Ints:
    """For each: the last before it of which this is so, or -1."""
    last = np.maximum.accumulate(np.where(which, np.arange(len(which)), -1))
    return np.append(np.int64(-1), last)[: len(which)]


def _involved(messages: Messages) -> Bools:
    first = starts(messages.operation)
    times = np.diff(np.append(np.flatnonzero(first), len(messages)))
    sending = np.zeros(len(times), np.bool_)
    sending[messages.operation[messages.sends]] = True
    return (times > 1) & sending


def find_cycles(graph: Graph, *, reading: bool) -> list[Edges]:
    """A cycle in each set of operations that all depend on each other, each edge beginning where the one before ends.
    `reading`: only cycles on which something is received."""
    back, time = _going_back(graph)
    if not len(back):
        return []
    near = graph.edges.only(_between(graph.edges, time, back))
    return [near.only(np.array(cycle)) for cycle in _search(near, near.reads if reading else np.ones_like(near.reads))]


def _going_back(graph: Graph) -> tuple[Ints, Ints]:
    """Edges that go back in time for all that was mended, and the mended times."""
    edges, time = graph.edges, graph.time_ns.copy()
    back = np.flatnonzero(time[edges.target] <= time[edges.source])
    by_source = order(edges.source)
    begins = np.append(0, np.cumsum(np.bincount(edges.source, minlength=len(time))))
    for _ in range(ROUNDS_MAX):
        if not len(back):
            break
        np.maximum.at(time, edges.target[back], time[edges.source[back]] + 1)
        # Besides what still goes back, only what leaves an operation that was moved can do so now.
        moved = np.unique(edges.target[back])
        leaving = by_source[_ranges(begins[moved], begins[moved + 1])]
        suspects = np.unique(np.concatenate((back, leaving)))
        back = suspects[time[edges.target[suspects]] <= time[edges.source[suspects]]]
    return back, time


def _ranges(begins: Ints, ends: Ints) -> Ints:
    """All numbers from each begin to before its end, one range after the other."""
    lengths = ends - begins
    offsets = np.repeat(begins - np.append(0, np.cumsum(lengths)[:-1]), lengths)
    return offsets + np.arange(int(lengths.sum()))


def _between(edges: Edges, time: Ints, back: Ints) -> Ints:
    """Edges that can be on a cycle: a cycle never leaves the times that edges going back reach over, taken together."""
    spans = order(time[edges.target[back]])
    low, high = time[edges.target[back]][spans], np.maximum.accumulate(time[edges.source[back]][spans])
    begins = np.append(True, low[1:] > high[:-1])
    lows = low[begins]
    highs = high[np.append(np.flatnonzero(begins)[1:], len(low)) - 1]
    source, target = time[edges.source], time[edges.target]
    span = np.searchsorted(lows, source, side="right") - 1
    inside = (span >= 0) & (span == np.searchsorted(lows, target, side="right") - 1)
    inside &= (source <= highs[span]) & (target <= highs[span])
    return np.flatnonzero(inside)


def _search(edges: Edges, through: Bools) -> Iterator[tuple[int, ...]]:
    """In each strongly connected component, a cycle through one of these edges, as numbers of edges."""
    following: dict[int, list[tuple[int, int]]] = {}
    for number, (source, target) in enumerate(zip(edges.source.tolist(), edges.target.tolist(), strict=True)):
        following.setdefault(source, []).append((target, number))
    component_of = {node: number for number, component in enumerate(_components(following)) for node in component}
    done: set[int] = set()
    for number in np.flatnonzero(through).tolist():
        source, target = int(edges.source[number]), int(edges.target[number])
        component = component_of[source]
        if component == component_of[target] and component not in done:
            done.add(component)
            yield (number, *_shortest_path(following, target, source))


def _components(following: dict[int, list[tuple[int, int]]]) -> Iterator[set[int]]:
    """Tarjan's algorithm, without recursion."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    path: list[int] = []
    on_path: set[int] = set()
    for root, targets in following.items():
        if root in index:
            continue
        work = [(root, iter(targets))]
        index[root] = low[root] = len(index)
        path.append(root)
        on_path.add(root)
        while work:
            node, rest = work[-1]
            for target, _ in rest:
                if target not in index:
                    index[target] = low[target] = len(index)
                    path.append(target)
                    on_path.add(target)
                    work.append((target, iter(following.get(target, ()))))
                    break
                if target in on_path:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    component: set[int] = set()
                    while node not in component:
                        component.add(path.pop())
                    on_path -= component
                    yield component


def _shortest_path(following: dict[int, list[tuple[int, int]]], start: int, end: int) -> list[int]:
    """Edges from one to the other, which can be reached from it; breadth first."""
    came: dict[int, tuple[int, int]] = {start: (start, -1)}
    waiting = [start]
    for node in waiting:
        if node == end:
            break
        for target, edge in following.get(node, ()):
            if target not in came:
                came[target] = node, edge
                waiting.append(target)
    edges: list[int] = []
    while end != start:
        end, edge = came[end]
        edges.append(edge)
    return edges[::-1]
