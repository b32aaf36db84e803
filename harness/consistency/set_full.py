"""What becomes of each element of a set: is it there to stay, was it lost, or did nobody look?

    add v; read → {v1 v2 …}

As Jepsen's set-full judges it: an element is *known* once its add is acknowledged, or a read showed it. The reads that
showed it, and those that lacked it and began after that, say whether it was there. It is *lost* if one that lacked it
began after all that showed it had returned; else *stable* if any showed it; and *never read* if none of them showed it
or lacked it. (Jepsen goes by when reads began alone: then of two at the same time, one of which lacks it, it may be
lost that was not.)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from harness.consistency.operations import Operation, Value, by_key, shown
from harness.consistency.promises import Break, Findings, Promise
from harness.errors import InvalidInput
from harness.verdict import Cell


@dataclass(frozen=True)
class Element:
    """`known`: what made it so. `present`: of the reads that showed it, the one that returned last. `absent`: of those
    that began once it was known and lacked it, the one that began last."""

    value: Value
    known: Operation
    present: Operation | None
    absent: Operation | None

    @property
    def lost(self) -> bool:
        return self.absent is not None and (self.present is None or (self.present.returned or 0) < self.absent.invoked)

    @property
    def stable(self) -> bool:
        return self.present is not None and not self.lost

    @property
    def stable_after_s(self) -> float | None:
        """From when it was known until the last read that lacked it began."""
        return _seconds(self.known.returned_ns, self.absent.invoked_ns if self.absent else self.known.returned_ns)

    @property
    def lost_after_s(self) -> float | None:
        """From when it was known until the last read that showed it began."""
        return _seconds(self.known.returned_ns, self.present.invoked_ns if self.present else self.known.returned_ns)


def elements(operations: Sequence[Operation]) -> list[Element]:
    """Of one set, those that are known. O(reads · elements), by operations on sets."""
    reads = sorted(
        ((each, _members(each)) for each in operations if each.name == "read" and each.determinate),
        key=lambda each: each[0].returned or 0,
    )
    known: dict[Value, Operation] = {}
    adds = [each for each in operations if each.name == "add" and each.determinate]
    for add in sorted(adds, key=lambda each: each.returned or 0):
        known.setdefault(add.argument, add)
    for read, shown_there in reads:
        for value in shown_there:
            if value not in known or (known[value].returned or 0) > (read.returned or 0):
                known[value] = read
    reads.reverse()
    present = _last(reads, known, there=True)
    reads.sort(key=lambda each: each[0].invoked, reverse=True)
    absent = _last(reads, known, there=False)
    return [Element(value, by, present.get(value), absent.get(value)) for value, by in known.items()]


def _last(
    reads: Iterable[tuple[Operation, frozenset[Value]]], known: dict[Value, Operation], *, there: bool
) -> dict[Value, Operation]:
    """For each value the last of the reads, which come last first, that showed it; or that lacked it, and began once it
    was known. (One that began earlier may lack what was added meanwhile; but what it shows, is there.)"""
    last: dict[Value, Operation] = {}
    wanted = set(known)
    for read, members in reads:
        for value in wanted & members if there else wanted - members:
            if there or read.invoked > (known[value].returned or 0):
                last[value] = read
        wanted -= last.keys()
        if not wanted:
            break
    return last


def _members(read: Operation) -> frozenset[Value]:
    if not isinstance(read.result, (tuple, frozenset, type(None))):
        raise InvalidInput(f"a read of a set is a list or a set, not {shown(read.result)}", line=read.line)
    return frozenset(read.result or ())


def _seconds(since_ns: int | None, until_ns: int | None) -> float | None:
    return None if since_ns is None or until_ns is None else max(0, until_ns - since_ns) / 1e9


def _search(operations: Sequence[Operation]) -> Findings:
    sets = by_key(operations)
    found = [element for of_key in sets.values() for element in elements(of_key)]
    breaks = [_lost(element) for element in found if element.lost and element.absent]
    breaks += [unexpected for of_key in sets.values() for unexpected in _unexpected(of_key)]
    stable = [element for element in found if element.stable]
    figures: dict[str, Cell] = {
        "stable": len(stable),
        "lost": sum(element.lost for element in found),
        "never_read": sum(not element.stable and not element.lost for element in found),
        **_latencies("stable_after", [element.stable_after_s for element in stable]),
        **_latencies("lost_after", [element.lost_after_s for element in found if element.lost]),
    }
    judged = sum(element.stable or element.lost for element in found)
    return Findings(judged, "elements that were read", breaks, figures=figures)


def _lost(element: Element) -> Break:
    assert element.absent is not None
    return Break(element.absent, f"read the set without {shown(element.value)}, which had been there", element.known)


def _unexpected(operations: Sequence[Operation]) -> list[Break]:
    """What was read, though nobody may have added it by then."""
    adds = [each for each in operations if each.name == "add"]
    reads = [each for each in operations if each.name == "read" and each.determinate]
    waiting = deque(sorted(adds, key=lambda each: each.invoked))
    begun: set[Value] = set()
    seen: dict[Value, Operation] = {}
    for read in sorted(reads, key=lambda each: each.returned or 0):
        while waiting and waiting[0].invoked < (read.returned or 0):
            begun.add(waiting.popleft().argument)
        for value in _members(read) - begun:
            seen.setdefault(value, read)
    added = {each.argument for each in adds}
    return [
        Break(read, f"read {shown(value)}, which nobody {'had begun to add' if value in added else 'added'}")
        for value, read in seen.items()
    ]


def _latencies(name: str, seconds: Iterable[float | None]) -> dict[str, Cell]:
    known = [each for each in seconds if each is not None]
    return {f"{name}_median_s": median(known), f"{name}_max_s": max(known)} if known else {}


SET_FULL = Promise(
    "set-full", "What was added, and is known to be there, stays there.", ("add", "read"), _search,
)  # fmt: skip
