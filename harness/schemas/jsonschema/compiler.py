"""From a document to what it says, as a formula."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

from harness.schemas.decision import Json
from harness.schemas.jsonschema.budget import Undecidable
from harness.schemas.jsonschema.document import JsonSchema
from harness.schemas.jsonschema.keywords import Draft, Location, all_subschemas, pointer
from harness.schemas.jsonschema.logic.constants import equal_to, one_of
from harness.schemas.jsonschema.logic.formula import (
    AtLeast,
    AtMost,
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
    Matches,
    MultipleOf,
    PropertiesAtLeast,
    PropertiesAtMost,
    SomeProperty,
    Type,
    Unique,
)
from harness.schemas.jsonschema.logic.names import named
from harness.schemas.jsonschema.logic.number_values import exactly
from harness.schemas.jsonschema.references import Ambiguous, Dangling, Remote
from harness.schemas.jsonschema.unevaluated import unevaluated_items, unevaluated_properties

_BOUNDS: Mapping[str, Callable[[float], Fact]] = {
    "maximum": lambda bound: AtMost(exactly(bound)),
    "exclusiveMaximum": lambda bound: AtMost(exactly(bound), exclusive=True),
    "minimum": lambda bound: AtLeast(exactly(bound)),
    "exclusiveMinimum": lambda bound: AtLeast(exactly(bound), exclusive=True),
    "multipleOf": lambda factor: MultipleOf(exactly(factor)),
    "maxLength": lambda count: LengthAtMost(int(count)),
    "minLength": lambda count: LengthAtLeast(int(count)),
    "maxItems": lambda count: ItemsAtMost(int(count)),
    "minItems": lambda count: ItemsAtLeast(int(count)),
    "maxProperties": lambda count: PropertiesAtMost(int(count)),
    "minProperties": lambda count: PropertiesAtLeast(int(count)),
}


class Compiler:
    """Of one document. Subschemas are compiled once; those within themselves become references."""

    def __init__(self, document: JsonSchema, formulas: Formulas) -> None:
        assert document.draft is not None
        self.document = document
        self.draft = document.draft
        self.formulas = formulas
        self._compiled: dict[Location, Formula] = {}
        self._keys: dict[Location, Hashable] = {}
        self._open: dict[Location, int] = {}
        self._level = 0
        """How many values deep it is, counted from the root."""

    def formula(self, location: Location = ()) -> Formula:
        """What the schema at this place says."""
        if location in self._compiled:
            return self._compiled[location]
        if (level := self._open.get(location)) is not None:
            if level == self._level:
                reason = f"{pointer(location) or 'the root'} refers to itself at the same value"
                return self.formulas.unknown(self.key(location), reason)
            return self.formulas.reference(self.key(location), lambda: self.formula(location))
        self._open[location] = self._level
        try:
            self._compiled[location] = self._schema(self.document.references.at(location), location)
        finally:
            del self._open[location]
        return self._compiled[location]

    def inner(self, location: Location) -> Formula:
        """What it says of a value inside of the present one."""
        self._level += 1
        try:
            return self.formula(location)
        finally:
            self._level -= 1

    def target(self, schema: Mapping[str, Json], keyword: str, location: Location) -> Location:
        """Where a reference leads. Raises Undecidable."""
        reference = schema[keyword]
        assert isinstance(reference, str)
        found = self.document.references.target(keyword, reference, location)
        match found:
            case tuple():
                return found
            case Remote(uri):
                raise Undecidable(f"{pointer((*location, keyword))} refers to {uri}, which is not fetched")
            case Dangling(name):
                raise Undecidable(f"{pointer((*location, keyword))}: {name!r} leads nowhere")
            case Ambiguous(name):
                raise Undecidable(f"{pointer((*location, keyword))}: where {name!r} leads depends on the way to it")

    def key(self, location: Location) -> Hashable:
        """The same for what is written the same, with all that it refers to, in whichever document."""
        if location not in self._keys:
            self._keys[location] = self._key(location)
        return self._keys[location]

    def _key(self, location: Location) -> Hashable:
        references = self.document.references
        if references.several:
            return (self.draft, location, json.dumps(self.document.content, sort_keys=True))
        reached: dict[str, Json] = {}
        waiting = [location]
        while waiting:
            if pointer(start := waiting.pop()) in reached:
                continue
            reached[pointer(start)] = references.at(start)
            for place, schema in all_subschemas(references.at(start), self.draft, start):
                for keyword in ("$ref", "$dynamicRef"):
                    if isinstance(schema, dict) and isinstance(schema.get(keyword), str):
                        try:
                            waiting.append(self.target(schema, keyword, place))
                        except Undecidable:
                            continue
        return (self.draft, location, json.dumps(reached, sort_keys=True))

    # ── a schema ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _schema(self, schema: Json, location: Location) -> Formula:
        if isinstance(schema, bool):
            return self.formulas.truth(schema)
        assert isinstance(schema, dict)
        if self.draft is Draft.DRAFT_07 and "$ref" in schema:
            return self._reference(schema, "$ref", location)  # what stands beside it is ignored
        parts = (
            self._references(schema, location),
            self._values(schema),
            self._combinations(schema, location),
            self._arrays(schema, location),
            self._objects(schema, location),
        )
        return self.formulas.all_of(part for group in parts for part in group)

    def _references(self, schema: Mapping[str, Json], location: Location) -> Iterator[Formula]:
        keywords = ("$ref",) if self.draft is Draft.DRAFT_07 else ("$ref", "$dynamicRef")
        yield from (self._reference(schema, keyword, location) for keyword in keywords if keyword in schema)

    def _reference(self, schema: Mapping[str, Json], keyword: str, location: Location) -> Formula:
        try:
            return self.formula(self.target(schema, keyword, location))
        except Undecidable as reason:
            return self.formulas.unknown(object(), str(reason))  # not even the same as where it stands again

    def _values(self, schema: Mapping[str, Json]) -> Iterator[Formula]:
        formulas = self.formulas
        match schema.get("type"):
            case str(name):
                yield self._types([name])
            case list() as names:
                yield self._types([name for name in names if isinstance(name, str)])
        if "const" in schema:
            yield equal_to(schema["const"], formulas)
        match schema.get("enum"):
            case list() as values:
                yield one_of(values, formulas)
        for keyword, fact in _BOUNDS.items():
            match schema.get(keyword):
                case int() | float() as bound:
                    yield formulas.fact(fact(bound))
        match schema.get("pattern"):
            case str(pattern):
                yield formulas.fact(Matches(pattern))

    def _types(self, names: Sequence[str]) -> Formula:
        types = self.formulas.of_type(*(Type.NUMBER if name == "integer" else Type(name) for name in names))
        if "integer" in names and "number" not in names:
            return self.formulas.all_of((types, self.formulas.fact(MultipleOf(exactly(1)))))
        return types

    # ── schemas of the same value ────────────────────────────────────────────────────────────────────────────────

    def _combinations(self, schema: Mapping[str, Json], location: Location) -> Iterator[Formula]:
        formulas = self.formulas
        made = {
            keyword: [self.formula((*location, keyword, place)) for place in range(len(parts))]
            for keyword in ("allOf", "anyOf", "oneOf")
            if isinstance(parts := schema.get(keyword), list)
        }
        yield from made.get("allOf", ())
        if "anyOf" in made:
            yield formulas.any_of(made["anyOf"])
        if "oneOf" in made:
            yield formulas.exactly_one(made["oneOf"])
        if "not" in schema:
            yield formulas.negation(self.formula((*location, "not")))
        if "if" in schema:
            condition = self.formula((*location, "if"))
            then, otherwise = (
                self.formula((*location, keyword)) if keyword in schema else formulas.true
                for keyword in ("then", "else")
            )
            yield formulas.any_of((formulas.negation(condition), then))
            yield formulas.any_of((condition, otherwise))
        yield from self._dependencies(schema, location)

    def _dependencies(self, schema: Mapping[str, Json], location: Location) -> Iterator[Formula]:
        keywords = ("dependencies",) if self.draft is Draft.DRAFT_07 else ("dependentRequired", "dependentSchemas")
        for keyword in keywords:
            match schema.get(keyword):
                case dict() as dependencies:
                    for name, needed in dependencies.items():
                        then = (
                            self.formulas.all_of(self.has(str(other)) for other in needed)
                            if isinstance(needed, list)
                            else self.formula((*location, keyword, name))
                        )
                        yield self.formulas.any_of((self._lacks(name), then))

    # ── arrays ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _arrays(self, schema: Mapping[str, Json], location: Location) -> Iterator[Formula]:
        fact = self.formulas.fact
        prefix, rest = ("items", "additionalItems") if self.draft is Draft.DRAFT_07 else ("prefixItems", "items")
        match schema.get(prefix):
            case list() as parts:
                start = len(parts)
                for place in range(start):
                    yield fact(EachItem(place, place + 1, self.inner((*location, prefix, place))))
            case None if self.draft is Draft.DRAFT_2020_12:
                start = 0
            case _:
                start, rest = 0, prefix
        if rest in schema:
            yield fact(EachItem(start, None, self.inner((*location, rest))))
        if "contains" in schema:
            contained = self.inner((*location, "contains"))
            least, most = schema.get("minContains", 1), schema.get("maxContains")
            if self.draft is Draft.DRAFT_07:
                least, most = 1, None
            if isinstance(least, int | float) and least > 0:
                yield fact(ContainsAtLeast(int(least), contained))
            if isinstance(most, int | float):
                yield fact(ContainsAtMost(int(most), contained))
        if schema.get("uniqueItems") is True:
            yield fact(Unique())
        if "unevaluatedItems" in schema and self.draft is Draft.DRAFT_2020_12:
            yield unevaluated_items(self, schema, location)

    # ── objects ──────────────────────────────────────────────────────────────────────────────────────────────────

    def has(self, name: str) -> Formula:
        """An object has a property of this name."""
        return self.formulas.fact(SomeProperty(named([name], self.formulas), self.formulas.true))

    def _lacks(self, name: str) -> Formula:
        """It is no object, or has no such property."""
        return self.formulas.any_of(
            (
                self.formulas.negation(self.formulas.of_type(Type.OBJECT)),
                self.formulas.fact(EachProperty(named([name], self.formulas), self.formulas.false)),
            )
        )

    def _objects(self, schema: Mapping[str, Json], location: Location) -> Iterator[Formula]:
        formulas, fact = self.formulas, self.formulas.fact
        # First, as what is missing is the plainest witness.
        match schema.get("required"):
            case list() as required:
                yield from (self.has(name) for name in required if isinstance(name, str))
        for names, way in self.listed(schema, location):
            yield fact(EachProperty(names, self.inner(way)))
        if "additionalProperties" in schema:
            others = formulas.negation(formulas.any_of(names for names, _ in self.listed(schema, location)))
            yield fact(EachProperty(others, self.inner((*location, "additionalProperties"))))
        if "propertyNames" in schema:
            wrong = formulas.negation(self.inner((*location, "propertyNames")))
            yield fact(EachProperty(wrong, formulas.false))
        if "unevaluatedProperties" in schema and self.draft is Draft.DRAFT_2020_12:
            yield unevaluated_properties(self, schema, location)

    def listed(self, schema: Mapping[str, Json], location: Location) -> Iterator[tuple[Formula, Location]]:
        """The names in `properties` and `patternProperties`, and where what is said of them is."""
        match schema.get("properties"):
            case dict() as properties:
                for name in properties:
                    yield named([name], self.formulas), (*location, "properties", name)
        match schema.get("patternProperties"):
            case dict() as patterns:
                for pattern in patterns:
                    yield self.formulas.fact(Matches(pattern)), (*location, "patternProperties", pattern)
