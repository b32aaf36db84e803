"""Is there an order of the operations, true to their times, that the model can follow?

The search of Wing and Gong ("Testing and Verifying Concurrent Objects", 1993) with the memory that Lowe gave it
("Testing for Linearizability", 2017), and just in time, as he has it: an operation takes effect no earlier than it
must, so only at the return of some operation, in a sequence that ends with that one.

A *configuration* is a state of the model and, as one number, what is still to be done: a bit for each operation that is
pending and has not taken effect (it is at hand), and `width` bits further up one for each that need not (it is free).
Free are what may never take effect; what met a state that it leaves as it is, and so may have taken effect there
unnoticed; and what overwrites, once something else has overwritten it. So more bits are more freedom: of two
configurations with the same state, one that has all the bits of the other can do all that the other can, and the other
need not be looked at.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from harness.consistency.linearizability.automaton import NOWHERE, Automaton
from harness.consistency.linearizability.course import Course
from harness.consistency.models import Effect

Path: TypeAlias = "tuple[Path, int, int] | None"
"""What took effect, the last first: the path before it, before which return, and its bit."""
Configuration: TypeAlias = tuple[int, int, Path]
"""State, freedom and how they came about."""
Memory: TypeAlias = dict[int, list[int]]
"""By state, the freedoms of the configurations that were looked at."""

REACH_MAX = 30
"""States that are looked at to see whether a return is out of reach."""


@dataclass(frozen=True)
class Ending:
    """What a search came to."""

    path: Path
    """All that changed the state, in an order that explains the history; if there is none, the most of it."""
    stuck: int | None
    """The number of the return that no order explains; None if there is an order."""
    states: frozenset[int] = frozenset()
    """The object can only have been in one of these before that return (none: there are too many to tell); if there is
    an order, the one that it ends in."""


Running: TypeAlias = Generator[None, None, Ending]
"""A search. It yields when it has taken `quantum` steps more, and may then be left or resumed."""


@dataclass(frozen=True, slots=True)
class Move:
    """An operation takes effect."""

    at_hand: int
    """Bits of the operations of its kind; the lowest that is at hand is taken."""
    instead: int
    """Bits of those just like it, but that return: taking one of these leaves more to choose from."""
    state: int
    freed: int
    """What it makes free, as bits of a configuration."""
    seen: int
    """Of these, what noticed the new state and does not just overwrite it."""
    overwrites: bool


class Search(ABC):
    """What is common to searches in any order: the ways from one return to the next."""

    def __init__(self, course: Course, automaton: Automaton, quantum: int) -> None:
        self._returns = course.returns
        self._width = course.width
        self._automaton = automaton
        self._quantum = quantum
        self._pause_at = quantum
        self.steps = 0
        self.bytes = 0
        """What is kept in memory, roughly."""
        self._bytes_each = 150 + sys.getsizeof(1 << 2 * course.width)
        self._everything_free = ((1 << course.width) - 1) << course.width
        self._unmoved: list[dict[int, int]] = [{} for _ in course.returns]
        self._moves: list[dict[int, list[Move]]] = [{} for _ in course.returns]

    @abstractmethod
    def run(self) -> Running:
        """Search all there is. Once only."""

    def _start(self) -> Configuration:
        return self._automaton.initial, self._everything_free, None

    def _is_due(self) -> bool:
        """Whether to pause."""
        if self.steps < self._pause_at:
            return False
        self._pause_at = self.steps + self._quantum
        return True

    def _arrive(self, number: int, before: Configuration, memory: Memory) -> Configuration | None:
        """The configuration when that return is due; None if one that is at least as free has been looked at."""
        self.steps += 1
        state, freedom, path = before
        due = self._returns[number]
        freedom = (freedom | due.arrived) & ~(due.owed << self._width) | self._unmoved_by(number, state)
        return (state, freedom, path) if self._is_new(state, freedom, memory) else None

    def _is_new(self, state: int, freedom: int, memory: Memory) -> bool:
        known = memory.setdefault(state, [])
        for other in known:
            if other | freedom == other:
                return False
        known.append(freedom)
        self.bytes += self._bytes_each
        return True

    def _ways(self, number: int, start: Configuration, memory: Memory) -> Iterator[Configuration | None]:
        """The configurations after that return, those that use up the least first; None is a pause."""
        own, shift = self._returns[number].own, self._width
        effect = self._automaton.effects[own.kind]
        state, freedom, path = start
        if freedom & own.bit << shift:
            yield state, freedom & ~own.bit, path
            if effect is Effect.READ or not freedom & own.bit:
                return
        direct = self._move(number, state, own.bit, own.kind)
        if direct is not None:
            yield direct.state, freedom & ~own.bit | direct.freed | own.bit << shift, (path, number, own.bit)
        if not self._comes_to_the_same(number, effect, freedom) and self._within_reach(number, state):
            yield from self._longer_ways(number, start, effect, memory)

    def _longer_ways(
        self, number: int, start: Configuration, effect: Effect, memory: Memory
    ) -> Iterator[Configuration | None]:
        """Those on which others take effect before the operation that returns, whose effect this is."""
        own, shift = self._returns[number].own, self._width
        frontier = [(start, True)]
        for (state, freedom, path), may_overwrite in frontier:
            self.steps += 1
            if self._is_due():
                yield None
            for move in self._moves_at(number, state):
                at_hand = freedom & move.at_hand
                if not at_hand or freedom & move.instead or (move.overwrites and not may_overwrite):
                    continue
                bit = at_hand & -at_hand
                after = freedom & ~bit | move.freed | bit << shift
                follow = (path, number, bit)
                if bit == own.bit:
                    if path is not start[2]:
                        yield move.state, after, follow
                    continue
                if not self._is_new(move.state, after, memory):
                    continue
                if after & ~freedom & own.bit << shift:
                    yield move.state, after & ~own.bit, follow
                    if effect is Effect.READ:
                        continue
                # What nobody noticed, and nobody was owed, might as well not have been if it is overwritten next.
                in_vain = (move.overwrites or freedom & bit << shift) and not move.seen & ~(freedom | bit << shift)
                frontier.append(((move.state, after, follow), not in_vain))

    def _comes_to_the_same(self, number: int, effect: Effect, freedom: int) -> bool:
        """Whether nothing is gained if others take effect before what returns, since they can do so after it."""
        due = self._returns[number]
        if effect not in (Effect.OVERWRITE, Effect.ADD):
            return False
        alike = quiet = 0
        for each in due.pending:
            other = self._automaton.effects[each.kind]
            alike |= each.bit if other is effect else 0
            quiet |= each.bit if other is Effect.READ else 0
        owed = freedom & ~(freedom >> self._width) & ((1 << self._width) - 1)
        if owed & ~alike:
            return False
        if effect is Effect.OVERWRITE:
            return True
        for kind, bits in due.adrift.items():
            alike |= bits if self._automaton.effects[kind] is effect else 0
        return not freedom & ((1 << self._width) - 1) & ~alike & ~quiet

    def _within_reach(self, number: int, state: int) -> bool:
        """Whether what returns may be possible after some of what is pending; true if that is not soon seen."""
        kind = self._returns[number].own.kind
        return any(
            looked_at == REACH_MAX or self._automaton.go(kind, each) != NOWHERE
            for looked_at, each in enumerate(self._reach(number, (state,)))
        )

    def _reach(self, number: int, states: Iterable[int]) -> Iterator[int]:
        """The states to which what is pending then could lead from these, were each of it there without end."""
        due = self._returns[number]
        kinds = {each.kind for each in due.pending} | due.adrift.keys()
        reached = dict.fromkeys(states)
        waiting = list(reached)
        for state in waiting:
            yield state
            for kind in kinds:
                after = self._automaton.go(kind, state)
                if after != NOWHERE and after not in reached:
                    reached[after] = None
                    waiting.append(after)

    def _stuck(self, number: int, path: Path, memory: Memory) -> Ending:
        states = frozenset(islice(self._reach(number, memory), REACH_MAX + 1))
        return Ending(path, number, states if len(states) <= REACH_MAX else frozenset())

    def _unmoved_by(self, number: int, state: int) -> int:
        """What is pending, must take effect, and leaves this state as it is: as free bits."""
        known = self._unmoved[number]
        bits = known.get(state)
        if bits is None:
            self.steps += 1
            go = self._automaton.go
            bits = 0
            for each in self._returns[number].pending:
                if go(each.kind, state) == state:
                    bits |= each.bit
            bits = known[state] = bits << self._width
            self.bytes += self._bytes_each
        return bits

    def _moves_at(self, number: int, state: int) -> list[Move]:
        known = self._moves[number]
        moves = known.get(state)
        if moves is None:
            due = self._returns[number]
            found = [self._move(number, state, each.bit, each.kind) for each in due.pending]
            for kind, bits in due.adrift.items():
                twins = sum(each.bit for each in due.pending if each.kind == kind)
                found.append(self._move(number, state, bits, kind, twins))
            moves = known[state] = [move for move in found if move is not None]
            self.bytes += self._bytes_each * len(moves)
        return moves

    def _move(self, number: int, state: int, bits: int, kind: int, instead: int = 0) -> Move | None:
        """None if an operation of that kind is not possible, or gains nothing: what changes nothing is free already,
        but may still overwrite what is not."""
        after = self._automaton.go(kind, state)
        overwrites = self._automaton.effects[kind] is Effect.OVERWRITE
        if after == NOWHERE or (after == state and not overwrites):
            return None
        freed = seen = self._unmoved_by(number, after)
        for each in self._returns[number].pending:
            if self._automaton.effects[each.kind] is Effect.OVERWRITE:
                seen &= ~(each.bit << self._width)
                freed |= each.bit << self._width if overwrites else 0
        return Move(bits, instead, after, freed, seen, overwrites)
