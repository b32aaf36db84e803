"""The strings of a language: of which lengths there are any, and which they are, the shortest and plainest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from random import Random
from typing import TypeAlias

from harness.schemas.jsonschema.budget import Budget, Undecidable
from harness.schemas.jsonschema.regular.characters import CharSet
from harness.schemas.jsonschema.regular.languages import Edge, Language, Languages

LENGTH_MAX = 100_000
"""Longer strings are not made."""


Edges: TypeAlias = Mapping[Language, tuple[Edge, ...]]


def words(languages: Languages, language: Language) -> Words:
    """Of the language, with its whole automaton."""
    edges: dict[Language, tuple[Edge, ...]] = {}
    waiting = [language]
    while waiting:
        state = waiting.pop()
        if state not in edges:
            languages.budget.spend()
            edges[state] = languages.edges(state)
            waiting.extend(after for _, after in edges[state])
    return Words(languages.budget, language, edges)


class Words:
    """The strings that an automaton takes."""

    def __init__(self, budget: Budget, start: Language, edges: Edges) -> None:
        self._budget = budget
        self._start = start
        self._edges = edges
        self._before: dict[Language, set[Language]] = {state: set() for state in edges}
        for state, following in edges.items():
            for _, after in following:
                self._before[after].add(state)
        self._sorted_edges: dict[Language, Sequence[Edge]] = {}
        self._ends: list[frozenset[Language]] = [frozenset(state for state in self._edges if state.nullable)]
        self._seen = {self._ends[0]: 0}
        self._repeats: tuple[int, int] | None = None

    def of_characters(self, chars: CharSet) -> Words:
        """Those of these characters only."""
        edges = {
            state: tuple((some, after) for found, after in edges if (some := found & chars))
            for state, edges in self._edges.items()
        }
        return Words(self._budget, self._start, edges)

    def _ending_after(self, length: int) -> frozenset[Language]:
        """The states from which some string of exactly this length ends well."""
        while self._repeats is None and len(self._ends) <= length:
            last = self._ends[-1]
            self._budget.spend(1 + len(last) // 32)
            states = frozenset(state for after in last for state in self._before[after])
            if states in self._seen:
                self._repeats = (self._seen[states], len(self._ends))
            else:
                self._seen[states] = len(self._ends)
                self._ends.append(states)
        if self._repeats is not None and length >= self._repeats[1]:
            start, end = self._repeats
            length = start + (length - start) % (end - start)
        return self._ends[length]

    def lengths(self, least: int, most: int | None) -> Iterator[int]:
        """Of the strings between these lengths, from the shortest; without end if they have none."""
        for length in count(least):
            if most is not None and length > most:
                return
            if self._start in self._ending_after(length):
                yield length
            elif self._repeats is not None and length >= max(self._repeats[1], least) and not self._comes_again(length):
                return

    def _comes_again(self, length: int) -> bool:
        """Is there any longer string?"""
        assert self._repeats is not None
        start, end = self._repeats
        return any(self._start in self._ending_after(later) for later in range(length + 1, length + 1 + end - start))

    def of_length(self, length: int, rng: Random | None = None) -> Iterator[str]:
        """All strings of this length, the plainest or one by chance first. Raises Undecidable if it is too long."""
        if length > LENGTH_MAX:
            raise Undecidable(
                f"it takes a string of {length:,} characters, and none longer than {LENGTH_MAX:,} are made"
            )
        if self._start not in self._ending_after(length):
            return
        self._budget.spend(length // 16)
        if rng is None:
            yield self._plainest(length)
        text: list[str] = []
        steps = [self._steps(self._start, length, rng)]
        while steps:
            if len(text) == length:
                yield "".join(text)
            elif (step := next(steps[-1], None)) is not None:
                character, state = step
                text.append(character)
                steps.append(self._steps(state, length - len(text), rng))
                continue
            del steps[-1], text[-1:]

    def _plainest(self, length: int) -> str:
        text: list[str] = []
        state, left = self._start, length
        while left:
            ending = self._ending_after(left - 1)
            chars, after = next(edge for edge in self._sorted(state) if edge[1] in ending)
            # Where it may go round and round until the end, it does.
            rounds = max(left - len(self._ends), 1) if after is state and self._always_ends(state) else 1
            text.append(chars.sample * rounds)
            state, left = after, left - rounds
        return "".join(text)

    def _always_ends(self, state: Language) -> bool:
        """Does some string of every length from `len(self._ends)` on end well?"""
        return self._repeats == (len(self._ends) - 1, len(self._ends)) and state in self._ends[-1]

    def _steps(self, state: Language, left: int, rng: Random | None) -> Iterator[tuple[str, Language]]:
        if not left:
            return
        ending = self._ending_after(left - 1)
        edges = [edge for edge in self._sorted(state) if edge[1] in ending]
        if rng is not None:
            rng.shuffle(edges)
            for chars, after in edges:
                yield _by_chance(chars.characters(), rng), after
        for chars, after in edges:
            yield from ((character, after) for character in chars.characters())

    def _sorted(self, state: Language) -> Sequence[Edge]:
        """The plainest character first, whichever way it leads."""
        if state not in self._sorted_edges:
            self._budget.spend()
            self._sorted_edges[state] = sorted(self._edges[state], key=lambda edge: _plainness(edge[0].sample))
        return self._sorted_edges[state]


def _plainness(character: str) -> tuple[bool, bool, int]:
    return (not character.isalpha(), not character.isprintable(), ord(character))


def _by_chance(characters: Iterator[str], rng: Random) -> str:
    return rng.choice([character for character, _ in zip(characters, range(12), strict=False)])
