"""Formulas seen from one type: what they say of values of it, in facts that hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations

from harness.schemas.jsonschema.logic.facts import positive
from harness.schemas.jsonschema.logic.formula import (
    All,
    EachProperty,
    ExactlyOne,
    Formula,
    Formulas,
    Literal,
    OfType,
    Reference,
    Some,
    SomeProperty,
    StringIn,
    Type,
)
from harness.schemas.jsonschema.logic.names import single


class Projection:
    """Leaves facts of the type, what is unknown, and `All` and `Some` of them."""

    def __init__(self, formulas: Formulas, excluded: Callable[[Sequence[Formula]], bool]) -> None:
        """`excluded` says whether it is proved that formulas do not hold of one value."""
        self._formulas = formulas
        self._excluded = excluded
        self._known: dict[Type, dict[Formula, Formula]] = {type_: {} for type_ in Type}

    def of(self, formula: Formula, type_: Type) -> Formula:
        known = self._known[type_]
        if formula not in known:
            known[formula] = self._of(formula, type_)
        return known[formula]

    def _of(self, formula: Formula, type_: Type) -> Formula:
        match formula:
            case Literal(OfType(types), holds):
                return self._formulas.truth((type_ in types) == holds)
            case Literal(fact, holds):
                return positive(fact, holds, self._formulas) if fact.type is type_ else self._formulas.truth(holds)
            case All(parts):
                return self._formulas.all_of(self.of(part, type_) for part in parts)
            case Some(parts):
                return self._formulas.any_of(self.of(part, type_) for part in parts)
            case ExactlyOne(parts, holds):
                return self._of_exactly_one(parts, holds, type_)
            case Reference(_, meaning, holds):
                target = meaning()
                return self.of(target if holds else self._formulas.negation(target), type_)
            case _:
                return formula

    def _of_exactly_one(self, parts: Sequence[Formula], holds: bool, type_: Type) -> Formula:
        """Alternatives that exclude one another anyway need not be told to."""
        formulas = self._formulas
        possible = [part for part in parts if self.of(part, type_) is not formulas.false]
        positives = [self.of(part, type_) for part in possible]
        negatives = [self.of(formulas.negation(part), type_) for part in possible]
        tags = [_tags(part) for part in positives]
        of_type = formulas.of_type(type_)
        together = [
            (one, other)
            for one, other in combinations(range(len(possible)), 2)
            if not _differ(tags[one], tags[other]) and not self._excluded((of_type, possible[one], possible[other]))
        ]
        if not holds:
            both = (formulas.all_of((positives[one], positives[other])) for one, other in together)
            return formulas.any_of((formulas.all_of(negatives), *both))
        alone: list[list[Formula]] = [[part] for part in positives]
        for one, other in together:
            alone[one].append(negatives[other])
            alone[other].append(negatives[one])
        return formulas.any_of(formulas.all_of(parts) for parts in alone)


def _tags(formula: Formula) -> Mapping[str, frozenset[str]]:
    """Properties that an object must have and that are one of a few strings, as those are by which kinds are told."""
    required: set[str] = set()
    allowed: dict[str, frozenset[str]] = {}
    for part in formula.parts if isinstance(formula, All) else (formula,):
        match part:
            case Literal(SomeProperty(names)) if (name := single(names)) is not None:
                required.add(name)
            case Literal(EachProperty(names, value)) if (name := single(names)) is not None:
                if (values := _strings(value)) is not None:
                    allowed[name] = values
    return {name: values for name, values in allowed.items() if name in required}


def _strings(value: Formula) -> frozenset[str] | None:
    """Those that it may be; None if it may be more than a few, or something else."""
    facts = (
        [part.fact for part in value.parts if isinstance(part, Literal) and part.holds]
        if isinstance(value, All)
        else []
    )
    if OfType(frozenset([Type.STRING])) not in facts:
        return None
    return next((fact.values for fact in facts if isinstance(fact, StringIn)), None)


def _differ(one: Mapping[str, frozenset[str]], other: Mapping[str, frozenset[str]]) -> bool:
    return any(name in other and not values & other[name] for name, values in one.items())
