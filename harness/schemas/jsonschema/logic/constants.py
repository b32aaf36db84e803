"""Values as JSON Schema compares them: 1 and 1.0 are one number, 1 and true are not one value."""

from __future__ import annotations

from collections.abc import Hashable

from harness.schemas.decision import Json
from harness.schemas.jsonschema.logic.formula import (
    BooleanIs,
    EachItem,
    EachProperty,
    Formula,
    Formulas,
    ItemsAtLeast,
    ItemsAtMost,
    NumberIn,
    SomeProperty,
    Type,
)
from harness.schemas.jsonschema.logic.names import named
from harness.schemas.jsonschema.logic.number_values import exactly


def equal_to(value: Json, formulas: Formulas) -> Formula:
    """The formula that this value satisfies and no other."""
    match value:
        case None:
            return formulas.of_type(Type.NULL)
        case bool():
            return formulas.all_of((formulas.of_type(Type.BOOLEAN), formulas.fact(BooleanIs(value))))
        case int() | float():
            fact = NumberIn(frozenset([exactly(value)]))
            return formulas.all_of((formulas.of_type(Type.NUMBER), formulas.fact(fact)))
        case str():
            return formulas.all_of((formulas.of_type(Type.STRING), named([value], formulas)))
        case list():
            length = (formulas.fact(ItemsAtLeast(len(value))), formulas.fact(ItemsAtMost(len(value))))
            items = (
                formulas.fact(EachItem(place, place + 1, equal_to(item, formulas))) for place, item in enumerate(value)
            )
            return formulas.all_of((formulas.of_type(Type.ARRAY), *length, *items))
        case dict():
            others = formulas.negation(named(value, formulas)) if value else formulas.true
            parts = [formulas.of_type(Type.OBJECT), formulas.fact(EachProperty(others, formulas.false))]
            for name, item in value.items():
                parts.append(formulas.fact(SomeProperty(named([name], formulas), formulas.true)))
                parts.append(formulas.fact(EachProperty(named([name], formulas), equal_to(item, formulas))))
            return formulas.all_of(parts)


def one_of(values: list[Json], formulas: Formulas) -> Formula:
    """Any of these values; the strings and the numbers among them together, as there may be many."""
    strings = [value for value in values if isinstance(value, str)]
    numbers = [exactly(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    parts = [
        equal_to(value, formulas)
        for value in values
        if isinstance(value, bool) or not isinstance(value, int | float | str)
    ]
    if strings:
        parts.append(formulas.all_of((formulas.of_type(Type.STRING), named(strings, formulas))))
    if numbers:
        fact = NumberIn(frozenset(numbers))
        parts.append(formulas.all_of((formulas.of_type(Type.NUMBER), formulas.fact(fact))))
    return formulas.any_of(parts)


def identity(value: Json) -> Hashable:
    """Equal for equal values only."""
    match value:
        case bool():
            return ("boolean", value)
        case int() | float():
            return exactly(value)
        case list():
            return ("array", *map(identity, value))
        case dict():
            return ("object", frozenset((name, identity(item)) for name, item in value.items()))
        case _:
            return value
