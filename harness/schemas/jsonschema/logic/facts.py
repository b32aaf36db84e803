"""A fact that does not hold, as one that does: not at most 5 is more than 5, among values of its type."""

from __future__ import annotations

from harness.schemas.jsonschema.logic.formula import (
    AtLeast,
    AtMost,
    BooleanIs,
    ContainsAtLeast,
    ContainsAtMost,
    EachItem,
    EachProperty,
    Fact,
    Formula,
    Formulas,
    ItemsAtLeast,
    ItemsAtMost,
    LengthAtLeast,
    LengthAtMost,
    PropertiesAtLeast,
    PropertiesAtMost,
    SomeItem,
    SomeProperty,
)


def positive(fact: Fact, holds: bool, formulas: Formulas) -> Formula:  # noqa: PLR0912 - one case a fact
    """The same, of values of the fact's type; facts without an opposite of their own stay as they are."""
    made = formulas.fact
    if holds:
        return _plain(fact, formulas)
    match fact:
        case BooleanIs(value):
            return made(BooleanIs(not value))
        case AtLeast(bound, exclusive):
            return made(AtMost(bound, not exclusive))
        case AtMost(bound, exclusive):
            return made(AtLeast(bound, not exclusive))
        case LengthAtLeast(count):
            return made(LengthAtMost(count - 1)) if count > 0 else formulas.false
        case LengthAtMost(count):
            return made(LengthAtLeast(count + 1))
        case PropertiesAtLeast(count):
            return made(PropertiesAtMost(count - 1)) if count > 0 else formulas.false
        case PropertiesAtMost(count):
            return made(PropertiesAtLeast(count + 1))
        case ItemsAtLeast(count):
            return made(ItemsAtMost(count - 1)) if count > 0 else formulas.false
        case ItemsAtMost(count):
            return made(ItemsAtLeast(count + 1))
        case EachProperty(names, value):
            return _plain(SomeProperty(names, formulas.negation(value)), formulas)
        case SomeProperty(names, value):
            return _plain(EachProperty(names, formulas.negation(value)), formulas)
        case EachItem(start, stop, value):
            return _plain(SomeItem(start, stop, formulas.negation(value)), formulas)
        case SomeItem(start, stop, value):
            return _plain(EachItem(start, stop, formulas.negation(value)), formulas)
        case ContainsAtLeast(count, value):
            return _plain(ContainsAtMost(count - 1, value), formulas) if count > 0 else formulas.false
        case ContainsAtMost(count, value):
            return _plain(ContainsAtLeast(count + 1, value), formulas)
        case _:
            return made(fact, False)


def _plain(fact: Fact, formulas: Formulas) -> Formula:
    """Without what holds always or never."""
    match fact:
        case EachProperty(names, value) if names is formulas.false or value is formulas.true:
            return formulas.true
        case SomeProperty(names, value) if names is formulas.false or value is formulas.false:
            return formulas.false
        case EachItem(_, _, value) if value is formulas.true:
            return formulas.true
        case SomeItem(_, _, value) if value is formulas.false:
            return formulas.false
        case LengthAtLeast(0) | PropertiesAtLeast(0) | ItemsAtLeast(0) | ContainsAtLeast(0):
            return formulas.true
        case ContainsAtLeast(_, value) if value is formulas.false:
            return formulas.false
        case ContainsAtMost(_, value) if value is formulas.false:
            return formulas.true
        case _:
            return formulas.fact(fact)
