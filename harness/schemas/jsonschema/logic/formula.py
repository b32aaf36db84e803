"""What a schema says of a value, as a formula over facts; equal formulas are one object, so that they are told quickly.

A fact is about values of one type, as a keyword is: of all others it says nothing. So a literal that `holds` is true
for values of other types, and its negation ("a number, and more than 5") is false for them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import ClassVar, TypeAlias, TypeVar


class Type(Enum):
    """Types of JSON values; integers are numbers that are multiples of 1."""

    NULL = "null"
    BOOLEAN = "boolean"
    NUMBER = "number"
    STRING = "string"
    ARRAY = "array"
    OBJECT = "object"


# ── facts ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class OfType:
    type: ClassVar[None] = None
    types: frozenset[Type]


@dataclass(frozen=True)
class BooleanIs:
    type: ClassVar[Type] = Type.BOOLEAN
    value: bool


@dataclass(frozen=True)
class AtLeast:
    type: ClassVar[Type] = Type.NUMBER
    bound: Fraction
    exclusive: bool = False


@dataclass(frozen=True)
class AtMost:
    type: ClassVar[Type] = Type.NUMBER
    bound: Fraction
    exclusive: bool = False


@dataclass(frozen=True)
class MultipleOf:
    type: ClassVar[Type] = Type.NUMBER
    factor: Fraction


@dataclass(frozen=True)
class NumberIn:
    type: ClassVar[Type] = Type.NUMBER
    values: frozenset[Fraction]


@dataclass(frozen=True)
class LengthAtLeast:
    type: ClassVar[Type] = Type.STRING
    characters: int


@dataclass(frozen=True)
class LengthAtMost:
    type: ClassVar[Type] = Type.STRING
    characters: int


@dataclass(frozen=True)
class Matches:
    type: ClassVar[Type] = Type.STRING
    pattern: str


@dataclass(frozen=True)
class StringIn:
    type: ClassVar[Type] = Type.STRING
    values: frozenset[str]


@dataclass(frozen=True)
class PropertiesAtLeast:
    type: ClassVar[Type] = Type.OBJECT
    count: int


@dataclass(frozen=True)
class PropertiesAtMost:
    type: ClassVar[Type] = Type.OBJECT
    count: int


@dataclass(frozen=True)
class EachProperty:
    """Every property with such a name has such a value; `names` is a formula of strings."""

    type: ClassVar[Type] = Type.OBJECT
    names: Formula
    value: Formula


@dataclass(frozen=True)
class SomeProperty:
    type: ClassVar[Type] = Type.OBJECT
    names: Formula
    value: Formula


@dataclass(frozen=True)
class ItemsAtLeast:
    type: ClassVar[Type] = Type.ARRAY
    count: int


@dataclass(frozen=True)
class ItemsAtMost:
    type: ClassVar[Type] = Type.ARRAY
    count: int


@dataclass(frozen=True)
class EachItem:
    """Every item from index `start` to before `stop` is such a value; to the end if there is no `stop`."""

    type: ClassVar[Type] = Type.ARRAY
    start: int
    stop: int | None
    value: Formula


@dataclass(frozen=True)
class SomeItem:
    type: ClassVar[Type] = Type.ARRAY
    start: int
    stop: int | None
    value: Formula


@dataclass(frozen=True)
class ContainsAtLeast:
    """That many items are such a value."""

    type: ClassVar[Type] = Type.ARRAY
    count: int
    value: Formula


@dataclass(frozen=True)
class ContainsAtMost:
    type: ClassVar[Type] = Type.ARRAY
    count: int
    value: Formula


@dataclass(frozen=True)
class Unique:
    type: ClassVar[Type] = Type.ARRAY


Fact: TypeAlias = (
    OfType
    | BooleanIs
    | AtLeast
    | AtMost
    | MultipleOf
    | NumberIn
    | LengthAtLeast
    | LengthAtMost
    | Matches
    | StringIn
    | PropertiesAtLeast
    | PropertiesAtMost
    | EachProperty
    | SomeProperty
    | ItemsAtLeast
    | ItemsAtMost
    | EachItem
    | SomeItem
    | ContainsAtLeast
    | ContainsAtMost
    | Unique
)

# ── formulas ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, eq=False)
class Formula:
    """Made by `Formulas` only; compared by identity."""


@dataclass(frozen=True, eq=False)
class Truth(Formula):
    holds: bool


@dataclass(frozen=True, eq=False)
class Literal(Formula):
    fact: Fact
    holds: bool


@dataclass(frozen=True, eq=False)
class All(Formula):
    parts: tuple[Formula, ...]


@dataclass(frozen=True, eq=False)
class Some(Formula):
    """At least one."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True, eq=False)
class ExactlyOne(Formula):
    parts: tuple[Formula, ...]
    holds: bool


@dataclass(frozen=True, eq=False)
class Reference(Formula):
    """A formula that is within itself, at another value; `meaning` gives it when it is asked for."""

    key: Hashable
    meaning: Callable[[], Formula]
    holds: bool


@dataclass(frozen=True, eq=False)
class Unknown(Formula):
    """Something that is not decided here, and why. What has the same `key` means the same, whatever that is."""

    key: Hashable
    reason: str
    holds: bool


_F = TypeVar("_F", bound=Formula)


class Formulas:
    """Makes formulas, each once."""

    def __init__(self) -> None:
        self._made: dict[Hashable, Formula] = {}
        self._negations: dict[Formula, Formula] = {}
        self.true = Truth(True)
        self.false = Truth(False)

    def _intern(self, key: Hashable, formula: _F) -> _F:
        return self._made.setdefault(key, formula)  # type: ignore[return-value]  # a key stands for one class

    def truth(self, holds: bool) -> Formula:
        return self.true if holds else self.false

    def fact(self, fact: Fact, holds: bool = True) -> Formula:
        return self._intern((fact, holds), Literal(fact, holds))

    def of_type(self, *types: Type) -> Formula:
        return self.fact(OfType(frozenset(types)))

    def all_of(self, parts: Iterable[Formula]) -> Formula:
        found = _flat(All, parts)
        found.pop(self.true, None)
        if self.false in found or any(self._negations.get(part) in found for part in found):
            return self.false
        if len(found) == 1:
            return next(iter(found))
        return self._intern((All, frozenset(found)), All(tuple(found))) if found else self.true

    def any_of(self, parts: Iterable[Formula]) -> Formula:
        found = _flat(Some, parts)
        found.pop(self.false, None)
        if self.true in found or any(self._negations.get(part) in found for part in found):
            return self.true
        if len(found) == 1:
            return next(iter(found))
        return self._intern((Some, frozenset(found)), Some(tuple(found))) if found else self.false

    def exactly_one(self, parts: Iterable[Formula], holds: bool = True) -> Formula:
        """Of alternatives; the same one twice counts as two."""
        found = tuple(part for part in parts if part is not self.false)
        if not found:
            return self.truth(not holds)
        if len(found) == 1:
            return found[0] if holds else self.negation(found[0])
        return self._intern((ExactlyOne, found, holds), ExactlyOne(found, holds))

    def reference(self, key: Hashable, meaning: Callable[[], Formula], holds: bool = True) -> Formula:
        return self._intern((Reference, key, holds), Reference(key, meaning, holds))

    def unknown(self, key: Hashable, reason: str, holds: bool = True) -> Formula:
        return self._intern((Unknown, key, holds), Unknown(key, reason, holds))

    def negation(self, formula: Formula) -> Formula:
        if formula not in self._negations:
            negated = self._negated(formula)
            self._negations[formula] = negated
            self._negations.setdefault(negated, formula)
        return self._negations[formula]

    def _negated(self, formula: Formula) -> Formula:
        match formula:
            case Truth(holds):
                return self.truth(not holds)
            case Literal(fact, holds):
                return self.fact(fact, not holds)
            case All(parts):
                return self.any_of(self.negation(part) for part in parts)
            case Some(parts):
                return self.all_of(self.negation(part) for part in parts)
            case ExactlyOne(parts, holds):
                return self.exactly_one(parts, not holds)
            case Reference(key, meaning, holds):
                return self.reference(key, meaning, not holds)
            case Unknown(key, reason, holds):
                return self.unknown(key, reason, not holds)
            case _:
                raise TypeError(formula)


def _flat(kind: type[All | Some], parts: Iterable[Formula]) -> dict[Formula, None]:
    """Without repetitions, in their order."""
    found: dict[Formula, None] = {}
    for part in parts:
        found.update(dict.fromkeys(part.parts if isinstance(part, kind) else (part,)))
    return found
