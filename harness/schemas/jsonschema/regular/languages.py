"""Regular languages as terms, told apart by what may come after a character: Brzozowski's derivatives.

Complement and intersection cost no more than union here, which is what comparing two patterns needs. After J. A.
Brzozowski, "Derivatives of regular expressions" (1964), and Owens, Reppy and Turon, "Regular-expression derivatives
re-examined" (2009), from whom the classes of characters are.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import reduce
from typing import TypeAlias, TypeVar

from harness.schemas.jsonschema.budget import Budget
from harness.schemas.jsonschema.regular import characters
from harness.schemas.jsonschema.regular.characters import CharSet


@dataclass(frozen=True, eq=False)
class Language:
    """Equal terms are one object, as `Languages` makes them; `nullable` if it has the empty string."""

    nullable: bool


@dataclass(frozen=True, eq=False)
class Chars(Language):
    """One character of a set."""

    chars: CharSet


@dataclass(frozen=True, eq=False)
class Concatenation(Language):
    first: Language
    rest: Language


@dataclass(frozen=True, eq=False)
class Union(Language):
    parts: tuple[Language, ...]


@dataclass(frozen=True, eq=False)
class Intersection(Language):
    parts: tuple[Language, ...]


@dataclass(frozen=True, eq=False)
class Complement(Language):
    inner: Language


@dataclass(frozen=True, eq=False)
class Repetition(Language):
    inner: Language
    least: int
    most: int | None


Edge: TypeAlias = tuple[CharSet, Language]
_L = TypeVar("_L", bound=Language)


class Languages:
    """Makes languages, each once, and derives them."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self._made: dict[Hashable, Language] = {}
        self._classes: dict[Language, tuple[CharSet, ...]] = {}
        self._edges: dict[Language, tuple[Edge, ...]] = {}
        self._derived: dict[tuple[Language, str], Language] = {}
        self.nothing = self._intern((Union, ()), Union(False, ()))
        self.epsilon = self._intern((Repetition,), Repetition(True, self.nothing, 0, 0))
        self.everything = self._intern((Complement, self.nothing), Complement(True, self.nothing))

    # ── making ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _intern(self, key: Hashable, language: _L) -> _L:
        return self._made.setdefault(key, language)  # type: ignore[return-value]  # a key stands for one class

    def chars(self, chars: CharSet) -> Language:
        return self._intern((Chars, chars), Chars(False, chars)) if chars else self.nothing

    def word(self, text: str) -> Language:
        return self.sequence(self.chars(characters.of(character)) for character in text)

    def sequence(self, parts: Iterable[Language]) -> Language:
        rest: Language = self.epsilon
        for part in reversed(list(parts)):
            rest = self.concatenation(part, rest)
        return rest

    def concatenation(self, first: Language, rest: Language) -> Language:
        if first is self.nothing or rest is self.nothing:
            return self.nothing
        if first is self.epsilon:
            return rest
        if rest is self.epsilon or first is rest is self.everything:
            return first
        if isinstance(first, Concatenation):
            return self.concatenation(first.first, self.concatenation(first.rest, rest))
        nullable = first.nullable and rest.nullable
        return self._intern((Concatenation, first, rest), Concatenation(nullable, first, rest))

    def union(self, parts: Iterable[Language]) -> Language:
        found = self._flat(Union, parts)
        if self.everything in found or any(isinstance(p, Complement) and p.inner in found for p in found):
            return self.everything
        if len(sets := [part for part in found if isinstance(part, Chars)]) > 1:
            merged = self.chars(reduce(lambda one, other: one | other, (part.chars for part in sets)))
            found = {merged: None} | {part: None for part in found if not isinstance(part, Chars)}
        if len(found) == 1:
            return next(iter(found))
        if not found:
            return self.nothing
        return self._intern((Union, frozenset(found)), Union(any(part.nullable for part in found), tuple(found)))

    def intersection(self, parts: Iterable[Language]) -> Language:
        found = self._flat(Intersection, parts)
        found.pop(self.everything, None)
        if self.nothing in found or any(isinstance(p, Complement) and p.inner in found for p in found):
            return self.nothing
        if self.epsilon in found:
            return self.epsilon if all(part.nullable for part in found) else self.nothing
        if len(found) == 1:
            return next(iter(found))
        if not found:
            return self.everything
        nullable = all(part.nullable for part in found)
        return self._intern((Intersection, frozenset(found)), Intersection(nullable, tuple(found)))

    def complement(self, inner: Language) -> Language:
        if isinstance(inner, Complement):
            return inner.inner
        return self._intern((Complement, inner), Complement(not inner.nullable, inner))

    def repetition(self, inner: Language, least: int, most: int | None) -> Language:
        if inner is self.epsilon or most == 0:
            return self.epsilon
        if inner is self.nothing:
            return self.nothing if least else self.epsilon
        if least == most == 1:
            return inner
        if inner.nullable:
            least = 0
        if least == 0 and most is None:
            if isinstance(inner, Chars) and inner.chars == characters.ANY:
                return self.everything
            if isinstance(inner, Repetition) and inner.least <= 1 and inner.most is None:
                inner = inner.inner
        return self._intern((Repetition, inner, least, most), Repetition(least == 0, inner, least, most))

    def _flat(self, kind: type[Union | Intersection], parts: Iterable[Language]) -> dict[Language, None]:
        """Without repetitions, in their order."""
        found: dict[Language, None] = {}
        for part in parts:
            self.budget.spend(len(found) // 16)
            found.update(dict.fromkeys(part.parts if isinstance(part, kind) else (part,)))
        return found

    # ── deriving ─────────────────────────────────────────────────────────────────────────────────────────────────

    def matches(self, language: Language, text: str) -> bool:
        for character in text:
            language = self.derivative(language, character)
        return language.nullable

    def edges(self, language: Language) -> tuple[Edge, ...]:
        """What may come first, and what must come after it; sets of characters that do not overlap."""
        if language not in self._edges:
            found: dict[Language, CharSet] = {}
            for chars in self._class_of(language):
                after = self.derivative(language, chars.sample)
                if after is not self.nothing:
                    found[after] = found.get(after, characters.NONE) | chars
            self._edges[language] = tuple((chars, after) for after, chars in found.items())
        return self._edges[language]

    def derivative(self, language: Language, character: str) -> Language:
        """What may come after the character."""
        key = (language, character)
        if key not in self._derived:
            self.budget.spend()
            self._derived[key] = self._derive(language, character)
        return self._derived[key]

    def _derive(self, language: Language, character: str) -> Language:
        match language:
            case Chars():
                return self.epsilon if character in language.chars else self.nothing
            case Concatenation():
                after = self.concatenation(self.derivative(language.first, character), language.rest)
                return (
                    self.union((after, self.derivative(language.rest, character))) if language.first.nullable else after
                )
            case Union():
                return self.union(self.derivative(part, character) for part in language.parts)
            case Intersection():
                return self.intersection(self.derivative(part, character) for part in language.parts)
            case Complement():
                return self.complement(self.derivative(language.inner, character))
            case Repetition():
                if language.most == 0:
                    return self.nothing
                most = None if language.most is None else language.most - 1
                rest = self.repetition(language.inner, max(language.least - 1, 0), most)
                return self.concatenation(self.derivative(language.inner, character), rest)
            case _:
                raise TypeError(language)

    def _class_of(self, language: Language) -> tuple[CharSet, ...]:
        """Sets of characters that together are all; those of one set have the same derivative."""
        if language not in self._classes:
            self.budget.spend()
            self._classes[language] = self._partition(language)
        return self._classes[language]

    def _partition(self, language: Language) -> tuple[CharSet, ...]:
        match language:
            case Chars():
                return tuple(chars for chars in (language.chars, ~language.chars) if chars)
            case Concatenation():
                parts = (language.first, language.rest) if language.first.nullable else (language.first,)
                return self._meet(parts)
            case Union() | Intersection():
                return self._meet(language.parts)
            case Complement() | Repetition():
                return self._class_of(language.inner)
            case _:
                raise TypeError(language)

    def _meet(self, parts: Iterable[Language]) -> tuple[CharSet, ...]:
        found: tuple[CharSet, ...] = (characters.ANY,)
        for part in parts:
            self.budget.spend(len(found) // 8)
            found = tuple(both for one in found for other in self._class_of(part) if (both := one & other))
        return found
