"""`unevaluatedProperties` and `unevaluatedItems`: what no other keyword of the schema has looked at.

Which those are depends on the alternatives that hold. So each combination of them is a case: with its conditions, what
it has evaluated is known. (That others of the alternatives may hold too does no harm: they only evaluate more.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import combinations, product
from typing import TYPE_CHECKING

from harness.schemas.decision import Json
from harness.schemas.jsonschema.budget import Undecidable
from harness.schemas.jsonschema.keywords import Location, pointer
from harness.schemas.jsonschema.logic.formula import EachItem, EachProperty, Formula, Type

if TYPE_CHECKING:
    from harness.schemas.jsonschema.compiler import Compiler

_CASES_MAX = 128


@dataclass(frozen=True)
class _Case:
    conditions: tuple[Formula, ...] = ()
    names: tuple[Formula, ...] = ()
    """Of the properties that were evaluated."""
    items: int | None = 0
    """How many from the first on; None for all."""
    contained: tuple[Formula, ...] = ()
    """Items that satisfy one of these were evaluated as well."""

    def __and__(self, other: _Case) -> _Case:
        items = None if self.items is None or other.items is None else max(self.items, other.items)
        return _Case(
            (*self.conditions, *other.conditions),
            (*self.names, *other.names),
            items,
            (*self.contained, *other.contained),
        )


def unevaluated_properties(compiler: Compiler, schema: Mapping[str, Json], location: Location) -> Formula:
    """Every property that was not evaluated is such a value."""
    formulas = compiler.formulas
    value = compiler.inner((*location, "unevaluatedProperties"))

    def rest(case: _Case) -> Formula:
        others = formulas.negation(formulas.any_of(case.names))
        return formulas.all_of((*case.conditions, formulas.fact(EachProperty(others, value))))

    return _in_some_case(compiler, schema, location, "unevaluatedProperties", rest)


def unevaluated_items(compiler: Compiler, schema: Mapping[str, Json], location: Location) -> Formula:
    """Every item that was not evaluated is such a value."""
    formulas = compiler.formulas
    value = compiler.inner((*location, "unevaluatedItems"))

    def rest(case: _Case) -> Formula:
        if case.items is None:
            return formulas.all_of(case.conditions)
        each = EachItem(case.items, None, formulas.any_of((*case.contained, value)))
        return formulas.all_of((*case.conditions, formulas.fact(each)))

    return _in_some_case(compiler, schema, location, "unevaluatedItems", rest)


def _in_some_case(
    compiler: Compiler, schema: Mapping[str, Json], location: Location, keyword: str, rest: Callable[[_Case], Formula]
) -> Formula:
    try:
        cases = _Evaluation(compiler, keyword).cases(schema, location, ())
    except Undecidable as reason:
        said = f"{pointer((*location, keyword))}: {reason}"
        return compiler.formulas.unknown((keyword, compiler.key(location)), said)
    return compiler.formulas.any_of(rest(case) for case in cases)


class _Evaluation:
    """Goes through a schema and those of the same value within it."""

    def __init__(self, compiler: Compiler, keyword: str) -> None:
        self._compiler = compiler
        self._keyword = keyword
        """For which it is done; where it comes itself, everything has been evaluated."""

    def cases(self, schema: Json | Mapping[str, Json], location: Location, way: tuple[Location, ...]) -> list[_Case]:
        """What the schema at this location has evaluated. Raises Undecidable."""
        if not isinstance(schema, Mapping):
            return [_Case()]
        if location in way:
            raise Undecidable(f"{pointer(location)} refers to itself at the same value")
        way = (*way, location)
        found = [self._directly(schema, location, inside=len(way) > 1)]
        for group in self._groups(schema, location, way):
            found = [one & other for one, other in product(found, group)]
            if len(found) > _CASES_MAX:
                raise Undecidable(f"what is evaluated are more than {_CASES_MAX} cases")
        return found

    def _directly(self, schema: Mapping[str, Json], location: Location, inside: bool) -> _Case:
        compiler = self._compiler
        names = tuple(names for names, _ in compiler.listed(schema, location))
        if "additionalProperties" in schema or (inside and "unevaluatedProperties" in schema):
            names = (compiler.formulas.true,)
        prefix = schema.get("prefixItems")
        everything = "items" in schema or (inside and "unevaluatedItems" in schema)
        contained = (compiler.inner((*location, "contains")),) if "contains" in schema else ()
        return _Case((), names, None if everything else len(prefix) if isinstance(prefix, list) else 0, contained)

    def _groups(
        self, schema: Mapping[str, Json], location: Location, way: tuple[Location, ...]
    ) -> Iterator[list[_Case]]:
        """Alternatives, one of each group."""
        formulas = self._compiler.formulas
        for keyword in ("$ref", "$dynamicRef"):
            if keyword in schema:
                yield self._at(self._compiler.target(schema, keyword, location), way)
        for place in range(_length(schema.get("allOf"))):
            yield self._at((*location, "allOf", place), way)
        if count := _length(schema.get("oneOf")):
            yield [case for place in range(count) for case in self._if(True, (*location, "oneOf", place), way)]
        if count := _length(schema.get("anyOf")):
            alternatives = [self._if(True, (*location, "anyOf", place), way) for place in range(count)]
            yield list(_some_of(alternatives))
        if "if" in schema:
            then = self._if(True, (*location, "if"), way)
            if "then" in schema:
                then = [one & other for one in then for other in self._at((*location, "then"), way)]
            otherwise = self._if(False, (*location, "if"), way)
            if "else" in schema:
                otherwise = [one & other for one in otherwise for other in self._at((*location, "else"), way)]
            yield [*then, *otherwise]
        match schema.get("dependentSchemas"):
            case dict() as dependencies:
                for name in dependencies:
                    has = _Case((formulas.of_type(Type.OBJECT), self._compiler.has(name)))
                    inner = self._at((*location, "dependentSchemas", name), way)
                    yield [_Case(), *(has & case for case in inner)]

    def _at(self, location: Location, way: tuple[Location, ...]) -> list[_Case]:
        return self.cases(self._compiler.document.references.at(location), location, way)

    def _if(self, holds: bool, location: Location, way: tuple[Location, ...]) -> list[_Case]:
        """If the schema there holds, or if it does not, which evaluates nothing."""
        formula = self._compiler.formula(location)
        if not holds:
            return [_Case((self._compiler.formulas.negation(formula),))]
        return [_Case((formula,)) & case for case in self._at(location, way)]


def _some_of(alternatives: list[list[_Case]]) -> Iterator[_Case]:
    """Each way in which at least one of them holds."""
    if 2 ** len(alternatives) > _CASES_MAX:
        raise Undecidable(f"what is evaluated are more than {_CASES_MAX} cases")
    for count in range(1, len(alternatives) + 1):
        for chosen in combinations(alternatives, count):
            for cases in product(*chosen):
                yield reduce(_and, cases)


def _and(one: _Case, other: _Case) -> _Case:
    return one & other


def _length(parts: Json) -> int:
    return len(parts) if isinstance(parts, list) else 0
