"""Names of properties, as formulas of strings: is a name one of them, and what is left of them beyond those known."""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Protocol

from harness.schemas.jsonschema.budget import Undecidable
from harness.schemas.jsonschema.logic.formula import (
    All,
    ExactlyOne,
    Formula,
    Formulas,
    LengthAtLeast,
    LengthAtMost,
    Literal,
    Matches,
    OfType,
    Reference,
    Some,
    StringIn,
    Truth,
    Type,
    Unknown,
)


class Matcher(Protocol):
    def matches(self, pattern: str, text: str) -> bool: ...


def single(names: Formula) -> str | None:
    """The name, if it is one only."""
    match names:
        case Literal(StringIn(values), True) if len(values) == 1:
            return next(iter(values))
        case _:
            return None


def mentioned(names: Formula) -> Set[str]:
    """All that occur in it by name."""
    found: set[str] = set()
    waiting = [names]
    while waiting:
        match waiting.pop():
            case Literal(StringIn(values)):
                found |= values
            case All(parts) | Some(parts) | ExactlyOne(parts):
                waiting.extend(parts)
            case _:
                pass
    return found


def admits(names: Formula, name: str, matcher: Matcher) -> bool:
    """Raises Undecidable if it cannot be said."""
    match names:
        case Truth(holds):
            return holds
        case Literal(fact, holds):
            return _fact_holds(fact, name, matcher) == holds if fact.type in (None, Type.STRING) else holds
        case All(parts):
            return all(admits(part, name, matcher) for part in parts)
        case Some(parts):
            return any(admits(part, name, matcher) for part in parts)
        case ExactlyOne(parts, holds):
            return (sum(admits(part, name, matcher) for part in parts) == 1) == holds
        case Reference(_, meaning, holds):
            return admits(meaning(), name, matcher) == holds
        case Unknown(_, reason):
            raise Undecidable(reason)
        case _:
            raise TypeError(names)


def _fact_holds(fact: object, name: str, matcher: Matcher) -> bool:
    match fact:
        case OfType(types):
            return Type.STRING in types
        case StringIn(values):
            return name in values
        case Matches(pattern):
            return matcher.matches(pattern, name)
        case LengthAtLeast(characters):
            return len(name) >= characters
        case LengthAtMost(characters):
            return len(name) <= characters
        case _:
            raise TypeError(fact)


def beyond(names: Formula, known: Set[str], formulas: Formulas) -> Formula:
    """What the formula says of names that are not among the known ones; plainer, often a truth."""
    match names:
        case Literal(StringIn(values), holds) if values <= known:
            return formulas.truth(not holds)
        case Literal(OfType(types), holds):
            return formulas.truth((Type.STRING in types) == holds)
        case Literal(fact, holds) if fact.type is not Type.STRING:
            return formulas.truth(holds)
        case All(parts):
            return formulas.all_of(beyond(part, known, formulas) for part in parts)
        case Some(parts):
            return formulas.any_of(beyond(part, known, formulas) for part in parts)
        case _:
            return names


def named(names: Iterable[str], formulas: Formulas) -> Formula:
    return formulas.fact(StringIn(frozenset(names)))
