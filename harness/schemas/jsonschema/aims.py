"""What a directed search aims at: the edges of everything that a schema says, where it says it.

A number at a bound and just beside it, a string with and without a match, each member of an enumeration, a property
missing and there, one item more and one less, each alternative. Each aim becomes a formula of the whole event.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from harness.schemas.jsonschema.logic.formula import (
    All,
    AtLeast,
    AtMost,
    BooleanIs,
    ContainsAtLeast,
    ContainsAtMost,
    EachItem,
    EachProperty,
    ExactlyOne,
    Fact,
    Formula,
    Formulas,
    ItemsAtLeast,
    ItemsAtMost,
    LengthAtLeast,
    LengthAtMost,
    Literal,
    Matches,
    MultipleOf,
    NumberIn,
    OfType,
    PropertiesAtLeast,
    PropertiesAtMost,
    Reference,
    Some,
    SomeItem,
    SomeProperty,
    StringIn,
    Unique,
)
from harness.schemas.jsonschema.logic.names import named

Step: TypeAlias = EachProperty | EachItem
"""Into some property with such a name, or some item in such a range; what it says of the value is not looked at."""

_MEMBERS_MAX = 20


@dataclass(frozen=True)
class Aim:
    """What a value within the event should be."""

    way: tuple[Step, ...]
    said: Formula


class Aims:
    """Of formulas made by the same `Formulas`."""

    def __init__(self, formulas: Formulas) -> None:
        self._formulas = formulas

    def of(self, formula: Formula) -> Iterator[Aim]:
        """Some perhaps twice."""
        yield from self._of(formula, (), frozenset())

    def formula(self, aim: Aim) -> Formula:
        """Of the whole event."""
        said = aim.said
        for step in reversed(aim.way):
            match step:
                case EachProperty(names):
                    said = self._with(SomeProperty(names, said))
                case EachItem(start, stop):
                    said = self._with(SomeItem(start, stop, said))
        return said

    def _of(self, formula: Formula, way: tuple[Step, ...], within: frozenset[Hashable]) -> Iterator[Aim]:
        match formula:
            case Literal(fact):
                yield from self._of_fact(fact, way, within)
            case All(parts):
                for part in parts:
                    yield from self._of(part, way, within)
            case Some(parts) | ExactlyOne(parts):
                for part in parts:
                    yield Aim(way, part)
                    yield from self._of(part, way, within)
            case Reference(key, meaning) if key not in within:
                yield from self._of(meaning(), way, within | {key})
            case _:
                pass

    def _of_fact(self, fact: Fact, way: tuple[Step, ...], within: frozenset[Hashable]) -> Iterator[Aim]:
        true, false = self._formulas.true, self._formulas.false
        match fact:
            case OfType(types):
                for type_ in sorted(types, key=lambda type_: type_.value):
                    yield Aim(way, self._formulas.of_type(type_))
            case EachProperty(names, value) | SomeProperty(names, value):
                yield Aim(way, self._with(EachProperty(names, false)))
                yield from self._inside(value, (*way, EachProperty(names, true)), within)
            case EachItem(start, stop, value) | SomeItem(start, stop, value):
                yield from self._inside(value, (*way, EachItem(start, stop, true)), within)
            case ContainsAtLeast(count, value) | ContainsAtMost(count, value):
                for number in (count - 1, count, count + 1):
                    if number >= 0:
                        yield Aim(way, self._with(ContainsAtLeast(number, value), ContainsAtMost(number, value)))
                yield from self._inside(value, (*way, EachItem(0, None, true)), within)
            case _:
                yield from (Aim(way, edge) for edge in self._edges(fact))

    def _inside(self, value: Formula, way: tuple[Step, ...], within: frozenset[Hashable]) -> Iterator[Aim]:
        """There is something there, also what it should not be, and at the edges of what it should be."""
        yield Aim(way, self._formulas.true)
        if value not in (self._formulas.true, self._formulas.false):
            yield Aim(way, self._formulas.negation(value))
        yield from self._of(value, way, within)

    def _with(self, *facts: Fact) -> Formula:
        """Of values of the facts' type, which is one."""
        (type_,) = {fact.type for fact in facts}
        assert type_ is not None
        return self._formulas.all_of((self._formulas.of_type(type_), *map(self._formulas.fact, facts)))

    def _edges(self, fact: Fact) -> Iterator[Formula]:
        match fact:
            case AtLeast(bound) | AtMost(bound):
                yield from self._numbers(bound + beside for beside in (0, 1, -1, Fraction(1, 2), Fraction(-1, 2)))
            case MultipleOf(factor):
                yield from self._numbers((Fraction(0), factor, -factor, 2 * factor, factor / 2, factor + 1))
                yield self._without(fact)
            case NumberIn(values):
                yield from self._numbers(sorted(values)[:_MEMBERS_MAX])
                yield self._without(fact)
            case StringIn(values):
                yield from (self._with(StringIn(frozenset([value]))) for value in sorted(values)[:_MEMBERS_MAX])
                yield self._without(fact)
            case Matches() | Unique() | BooleanIs():
                yield self._with(fact)
                yield self._without(fact)
            case LengthAtLeast(count) | LengthAtMost(count):
                yield from self._around(count, LengthAtLeast, LengthAtMost)
            case PropertiesAtLeast(count) | PropertiesAtMost(count):
                yield from self._around(count, PropertiesAtLeast, PropertiesAtMost)
            case ItemsAtLeast(count) | ItemsAtMost(count):
                yield from self._around(count, ItemsAtLeast, ItemsAtMost)
            case unexpected:
                raise TypeError(unexpected)

    def _without(self, fact: Fact) -> Formula:
        assert fact.type is not None
        return self._formulas.all_of((self._formulas.of_type(fact.type), self._formulas.fact(fact, False)))

    def _numbers(self, numbers: Iterable[Fraction]) -> Iterator[Formula]:
        yield from (self._with(NumberIn(frozenset([number]))) for number in numbers)

    def _around(self, count: int, least: Callable[[int], Fact], most: Callable[[int], Fact]) -> Iterator[Formula]:
        for number in (count, count - 1, count + 1):
            if number >= 0:
                yield self._with(least(number), most(number))


def additional(formulas: Formulas) -> Aim:
    """An aim of every schema: an object with a property that nobody expects."""
    return Aim((EachProperty(named(["unexpected"], formulas), formulas.true),), formulas.true)
