"""The course of one object's history: its returns, in order, each with what was pending then.

Operations are bits here. One that returns gives its place back to later ones, so that the bits are as few as there were
operations at once, and those that never returned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.consistency.linearizability.automaton import Automaton
from harness.consistency.models import Effect
from harness.consistency.operations import Operation


@dataclass(frozen=True, slots=True)
class Pending:
    """An operation that was invoked, and had not returned before."""

    bit: int
    kind: int
    number: int
    """Of the operation, in the list that the course was made of."""


@dataclass(frozen=True, slots=True)
class Return:
    """An operation returns; by now it must have taken effect."""

    own: Pending
    arrived: int
    """Bits of what was invoked since the return before."""
    owed: int
    """Bits of those of them that must take effect: they return."""
    pending: tuple[Pending, ...]
    """All that return now or later."""
    adrift: Mapping[int, int]
    """By kind, the bits of those that may take effect now, later or never."""


@dataclass(frozen=True)
class Course:
    returns: tuple[Return, ...]
    kinds: tuple[int, ...]
    """Of all operations."""
    width: int
    """How many bits there are."""
    adrift: Mapping[int, int]
    """By bit, the number of each operation that does not return."""

    def holder(self, number: int, bit: int) -> int:
        """The number of the operation that has this bit when that return is due."""
        return next((each.number for each in self.returns[number].pending if each.bit == bit), self.adrift.get(bit, -1))


def chart(operations: Sequence[Operation], automaton: Automaton) -> Course:
    """The operations of one object, none of which failed. What never returned and changes nothing constrains nothing,
    and is left out."""
    events: list[tuple[int, int]] = []
    kinds = [automaton.kind(operation) for operation in operations]
    for number, operation in enumerate(operations):
        if operation.returned is not None:
            events.append((operation.returned, ~number))
        elif automaton.effects[kinds[number]] is Effect.READ:
            continue
        events.append((operation.invoked, number))
    events.sort()
    returns: list[Return] = []
    pending: dict[int, Pending] = {}
    adrift: Mapping[int, int] = {}
    drifting: dict[int, int] = {}
    vacant: list[int] = []
    width = arrived = owed = 0
    for _, number in events:
        if number >= 0:
            kind = kinds[number]
            if vacant:
                bit = vacant.pop()
            else:
                bit = 1 << width
                width += 1
            arrived |= bit
            if operations[number].returned is None:
                adrift = {**adrift, kind: adrift.get(kind, 0) | bit}
                drifting[bit] = number
            else:
                pending[number] = Pending(bit, kind, number)
                owed |= bit
        else:
            own = pending[~number]
            returns.append(Return(own, arrived, owed, tuple(pending.values()), adrift))
            del pending[~number]
            vacant.append(own.bit)
            arrived = owed = 0
    return Course(tuple(returns), tuple(kinds), width, drifting)
