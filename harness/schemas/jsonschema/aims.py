"""What a directed search aims at: the edges of everything that a schema says, where it says it.

A number at a bound and just beside it, a string with and without a match, each member of an enumeration, a property
missing and there, one item more and one less, each alternative. Each aim is a formula of the whole event.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
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
    Type,
    Unique,
)
from harness.schemas.jsonschema.logic.names import named

Place: TypeAlias = Callable[[Formula], Formula]
"""From what is said of a value to what is said of the event that it is in."""

_MEMBERS_MAX = 20


class Aims:
    """Of formulas made by the same `Formulas`."""

    def __init__(self, formulas: Formulas) -> None:
        self._formulas = formulas

    def of(self, formula: Formula) -> Iterator[Formula]:
        """Without end for none, but there may be the same twice."""
        yield from self._of(formula, lambda said: said, frozenset())

    def _of(self, formula: Formula, place: Place, within: frozenset[Hashable]) -> Iterator[Formula]:
        match formula:
            case Literal(fact):
                yield from self._of_fact(fact, place, within)
            case All(parts):
                for part in parts:
                    yield from self._of(part, place, within)
            case Some(parts) | ExactlyOne(parts):
                for part in parts:
                    yield place(part)
                    yield from self._of(part, place, within)
            case Reference(key, meaning) if key not in within:
                yield from self._of(meaning(), place, within | {key})
            case _:
                pass

    def _of_fact(self, fact: Fact, place: Place, within: frozenset[Hashable]) -> Iterator[Formula]:
        formulas = self._formulas
        match fact:
            case OfType(types):
                yield from (place(formulas.of_type(type_)) for type_ in sorted(types, key=lambda type_: type_.value))
            case EachProperty(names, value) | SomeProperty(names, value):
                yield place(formulas.fact(EachProperty(names, formulas.false)))
                yield place(self._with(SomeProperty(names, formulas.true)))
                if value not in (formulas.true, formulas.false):
                    yield place(self._with(SomeProperty(names, formulas.negation(value))))
                yield from self._of(value, lambda said: place(self._with(SomeProperty(names, said))), within)
            case EachItem(start, stop, value) | SomeItem(start, stop, value):
                yield place(self._with(SomeItem(start, stop, formulas.true)))
                if value not in (formulas.true, formulas.false):
                    yield place(self._with(SomeItem(start, stop, formulas.negation(value))))
                yield from self._of(value, lambda said: place(self._with(SomeItem(start, stop, said))), within)
            case ContainsAtLeast(count, value) | ContainsAtMost(count, value):
                for number in (count - 1, count, count + 1):
                    if number >= 0:
                        yield place(self._with(ContainsAtLeast(number, value), ContainsAtMost(number, value)))
                yield from self._of(value, lambda said: place(self._with(SomeItem(0, None, said))), within)
            case _:
                yield from (place(aim) for aim in self._edges(fact))

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


def additional(formulas: Formulas) -> Formula:
    """An aim of every schema: an object with a property that nobody expects."""
    return formulas.all_of(
        (formulas.of_type(Type.OBJECT), formulas.fact(SomeProperty(named(["unexpected"], formulas), formulas.true)))
    )
