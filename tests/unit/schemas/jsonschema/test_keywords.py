"""Every keyword, both ways: what narrows it is refused at that keyword, with a witness; what widens it is proved."""

from __future__ import annotations

import pytest

from harness.schemas.decision import Json
from tests.unit.schemas.jsonschema.pairs import NEW, OLD, compatible, incompatible


def new(**schema: Json) -> Json:
    return {"$schema": NEW, **schema}


def old(**schema: Json) -> Json:
    return {"$schema": OLD, **schema}


NARROWED: list[tuple[Json, Json, str, str]] = [
    # what was written, what is read, rule, path
    (True, False, "false", ""),
    ({}, {"type": "object"}, "type-narrowed", "/type"),
    ({"type": ["string", "null"]}, {"type": "string"}, "type-narrowed", "/type"),
    ({"type": "number"}, {"type": "integer"}, "type-narrowed", "/type"),
    ({"type": "string"}, {"type": "boolean"}, "type-changed", "/type"),
    ({"type": "string"}, {"type": "string", "const": "a"}, "const", "/const"),
    ({"const": {"a": [1]}}, {"const": {"a": [2]}}, "const", "/const"),
    ({"enum": ["a", 1, None]}, {"enum": ["a", 1]}, "enum-array-narrowed", "/enum"),
    ({"enum": [1, True]}, {"enum": [1]}, "enum-array-narrowed", "/enum"),
    ({"enum": [{"a": 1}, [1]]}, {"enum": [[1]]}, "enum-array-narrowed", "/enum"),
    ({"enum": ["a"]}, {"enum": ["b"]}, "enum-array-changed", "/enum"),
    # numbers
    ({"maximum": 10}, {"maximum": 9}, "maximum-decreased", "/maximum"),
    ({"type": "number"}, {"type": "number", "maximum": 9}, "maximum-added", "/maximum"),
    ({"minimum": 0}, {"minimum": 0.5}, "minimum-increased", "/minimum"),
    ({"maximum": 10}, {"exclusiveMaximum": 10}, "exclusive-maximum-added", "/exclusiveMaximum"),
    ({"minimum": -1}, {"exclusiveMinimum": -1}, "exclusive-minimum-added", "/exclusiveMinimum"),
    ({"exclusiveMaximum": 10}, {"exclusiveMaximum": 9}, "exclusive-maximum-decreased", "/exclusiveMaximum"),
    ({"exclusiveMinimum": 9}, {"exclusiveMinimum": 10}, "exclusive-minimum-increased", "/exclusiveMinimum"),
    ({"multipleOf": 2}, {"multipleOf": 4}, "multiple-of-changed", "/multipleOf"),
    ({"multipleOf": 0.5}, {"multipleOf": 0.75}, "multiple-of-changed", "/multipleOf"),
    ({"type": "integer"}, {"type": "integer", "multipleOf": 3}, "multiple-of-added", "/multipleOf"),
    # strings
    ({"maxLength": 5}, {"maxLength": 4}, "max-length-decreased", "/maxLength"),
    ({"type": "string"}, {"minLength": 1}, "min-length-added", "/minLength"),
    ({"pattern": "^[a-z]+$"}, {"pattern": "^[a-y]+$"}, "pattern-changed", "/pattern"),
    ({"type": "string"}, {"pattern": "^a"}, "pattern-added", "/pattern"),
    ({"pattern": "^a.*b$"}, {"pattern": "^a.*b$", "minLength": 3}, "min-length-added", "/minLength"),
    # arrays
    ({"maxItems": 3}, {"maxItems": 2}, "max-items-decreased", "/maxItems"),
    ({"minItems": 1}, {"minItems": 2}, "min-items-increased", "/minItems"),
    ({"type": "array"}, {"type": "array", "uniqueItems": True}, "unique-items-added", "/uniqueItems"),
    ({"items": {"type": "integer"}}, {"items": {"type": "string"}}, "type-changed", "/items/type"),
    ({"items": True}, {"items": False}, "items", "/items"),
    (
        old(items=[{"type": "integer"}]),
        old(items=[{"type": "integer"}], additionalItems=False),
        "additional-items-removed",
        "/additionalItems",
    ),
    (
        old(items=[{}]),
        old(items=[{}, {"type": "integer"}]),
        "item-added-to-open-content-model",
        "/items/1/type",
    ),
    (
        old(items=[{}], additionalItems={"type": "number"}),
        old(items=[{}], additionalItems={"type": "integer"}),
        "type-narrowed",
        "/additionalItems/type",
    ),
    (
        new(prefixItems=[{"type": "string"}, {"type": "integer"}]),
        new(prefixItems=[{"type": "string"}, {"type": "boolean"}]),
        "type-changed",
        "/prefixItems/1/type",
    ),
    (new(prefixItems=[{}]), new(prefixItems=[{}], items=False), "items", "/items"),
    ({"type": "array"}, {"type": "array", "contains": {"const": 1}}, "contains", "/contains"),
    (
        new(contains={"const": 1}, minContains=1),
        new(contains={"const": 1}, minContains=2),
        "min-contains-increased",
        "/minContains",
    ),
    (
        new(contains={"const": 1}, maxContains=3),
        new(contains={"const": 1}, maxContains=2),
        "max-contains-decreased",
        "/maxContains",
    ),
    (
        new(contains={"const": 1}, minContains=0),
        new(contains={"const": 1}, maxContains=2),
        "contains",
        "/contains",
    ),
    (
        new(prefixItems=[{"const": 0}]),
        new(prefixItems=[{"const": 0}], unevaluatedItems=False),
        "unevaluatedItems",
        "/unevaluatedItems",
    ),
    # objects
    ({"maxProperties": 3}, {"maxProperties": 2}, "max-properties-decreased", "/maxProperties"),
    ({"minProperties": 1}, {"minProperties": 2}, "min-properties-increased", "/minProperties"),
    ({"required": ["a"]}, {"required": ["a", "b"]}, "required-attribute-added", "/required"),
    (
        {"properties": {"a": {"type": "number"}}},
        {"properties": {"a": {"type": "integer"}}},
        "type-narrowed",
        "/properties/a/type",
    ),
    (
        {"type": "object"},
        {"type": "object", "properties": {"a": {"type": "integer"}}},
        "property-added-to-open-content-model",
        "/properties/a/type",
    ),
    (
        {"properties": {"a": {}, "b": {}}, "additionalProperties": False},
        {"properties": {"a": {}}, "additionalProperties": False},
        "property-removed-from-closed-content-model",
        "/additionalProperties",
    ),
    (
        {"type": "object"},
        {"type": "object", "additionalProperties": False},
        "additional-properties-removed",
        "/additionalProperties",
    ),
    (
        {"patternProperties": {"^x-": {"type": "string"}}},
        {"patternProperties": {"^x-": {"type": "string", "maxLength": 2}}},
        "max-length-added",
        "/patternProperties/^x-/maxLength",
    ),
    (
        {"properties": {"x-a": {"type": "integer"}}},
        {"patternProperties": {"^x-": {"type": "string"}}},
        "property-added-to-open-content-model",
        "/patternProperties/^x-/type",
    ),
    (
        {"propertyNames": {"pattern": "^[a-z0-9]+$"}},
        {"propertyNames": {"pattern": "^[a-z]+$"}},
        "pattern-changed",
        "/propertyNames/pattern",
    ),
    (old(dependencies={"a": ["b"]}), old(dependencies={"a": ["b", "c"]}), "dependency-array-extended", "/dependencies"),
    (
        old(dependencies={"a": {"maxProperties": 3}}),
        old(dependencies={"a": {"maxProperties": 2}}),
        "max-properties-decreased",
        "/dependencies/a/maxProperties",
    ),
    (
        new(dependentRequired={"a": ["b"]}),
        new(dependentRequired={"a": ["b", "c"]}),
        "dependency-array-extended",
        "/dependentRequired",
    ),
    (
        new(dependentSchemas={"a": {"required": ["b"]}}),
        new(dependentSchemas={"a": {"required": ["b", "c"]}}),
        "required-attribute-added",
        "/dependentSchemas/a/required",
    ),
    (
        new(properties={"a": {}, "b": {}}, unevaluatedProperties=False),
        new(properties={"a": {}}, unevaluatedProperties=False),
        "unevaluatedProperties",
        "/unevaluatedProperties",
    ),
    # schemas of the same value
    (
        {"allOf": [{"required": ["a"]}]},
        {"allOf": [{"required": ["a"]}, {"required": ["b"]}]},
        "required",
        "/allOf/1/required",
    ),
    (
        {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
        {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        "sum-type-narrowed",
        "/anyOf",
    ),
    (
        {"oneOf": [{"type": "string"}, {"type": "integer"}]},
        {"oneOf": [{"type": "string"}, {"type": "integer"}, {"const": 1}]},
        "combined-type-subschemas-changed",
        "/oneOf",
    ),
    (
        {"anyOf": [{"multipleOf": 2}, {"multipleOf": 3}], "type": "integer"},
        {"oneOf": [{"multipleOf": 2}, {"multipleOf": 3}], "type": "integer"},
        "combined-type-changed",
        "/oneOf",
    ),
    ({"not": {"type": "string", "maxLength": 2}}, {"not": {"type": "string"}}, "not", "/not"),
    (
        {"if": {"required": ["a"]}, "then": {"required": ["b"]}},
        {"if": {"required": ["a"]}, "then": {"required": ["b", "c"]}},
        "required-attribute-added",
        "/then/required",
    ),
    (
        {"if": {"required": ["a"]}},
        {"if": {"required": ["a"]}, "else": {"required": ["b"]}},
        "required",
        "/else/required",
    ),
    (
        {"$ref": "#/definitions/a", "definitions": {"a": {"maxLength": 3}}},
        {"$ref": "#/definitions/a", "definitions": {"a": {"maxLength": 2}}},
        "max-length-decreased",
        "/definitions/a/maxLength",
    ),
]


@pytest.mark.parametrize(("before", "after", "rule", "path"), NARROWED, ids=lambda value: str(value)[:40])
def test_narrowing_is_refused_at_the_keyword(before: Json, after: Json, rule: str, path: str) -> None:
    decision = incompatible(reader=after, writer=before)
    assert (decision.rule, decision.path) == (rule, path)


CHANGED_BOTH_WAYS = (
    {"const": {"a": [1]}},
    {"enum": ["a"]},
    {"type": "string"},
    {"multipleOf": 0.5},
    {"items": {"type": "integer"}},
    {"properties": {"x-a": {"type": "integer"}}},
    {"oneOf": [{"type": "string"}, {"type": "integer"}]},
    {"anyOf": [{"multipleOf": 2}, {"multipleOf": 3}], "type": "integer"},
    new(prefixItems=[{"type": "string"}, {"type": "integer"}]),
    new(contains={"const": 1}, minContains=0),
)
"""Neither schema has all that the other has."""


@pytest.mark.parametrize(
    ("before", "after"),
    [(before, after) for before, after, _, _ in NARROWED if before not in CHANGED_BOTH_WAYS],
    ids=lambda value: str(value)[:40],
)
def test_widening_is_proved_and_tried(before: Json, after: Json) -> None:
    decision = compatible(reader=before, writer=after)
    assert "proved" in decision.reason or "admits no event" in decision.reason
    assert decision.effort.directed or after is False


@pytest.mark.parametrize(
    ("writer", "reader"),
    [
        # keywords that say the same in other words
        ({"type": "integer"}, {"type": "number", "multipleOf": 1}),
        ({"enum": [1, 2.0]}, {"type": "integer", "minimum": 1, "maximum": 2}),
        ({"type": "integer", "minimum": 1, "maximum": 2}, {"enum": [1.0, 2]}),
        ({"type": "boolean"}, {"enum": [True, False]}),
        ({"type": "null"}, {"const": None}),
        ({"type": "integer", "exclusiveMinimum": 0}, {"minimum": 1}),
        ({"multipleOf": 6}, {"allOf": [{"multipleOf": 2}, {"multipleOf": 3}]}),
        ({"allOf": [{"multipleOf": 2}, {"multipleOf": 3}]}, {"multipleOf": 6}),
        ({"type": "string", "maxLength": 2}, {"pattern": "^(.|\\s){0,2}$"}),
        ({"pattern": "^(foo|bar)$"}, {"type": ["string", "null", "number", "boolean", "array", "object"]}),
        ({"type": "string", "pattern": "^(foo|bar)$"}, {"enum": ["foo", "bar"]}),
        ({"type": "string", "pattern": "^[a-z]+$"}, {"minLength": 1}),
        ({"type": "string", "pattern": "^a+$", "maxLength": 2}, {"enum": ["a", "aa"]}),
        ({"not": {"not": {"type": "string"}}}, {"type": "string"}),
        ({"if": {"type": "string"}, "then": {"maxLength": 3}}, {"maxLength": 3}),
        ({"properties": {"a": {"type": "integer"}}}, {"patternProperties": {"^a$": {"type": "integer"}}}),
        (
            {"patternProperties": {"^[ab]$": {"type": "integer"}}, "additionalProperties": False},
            {"properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "additionalProperties": False},
        ),
        (
            {"propertyNames": {"enum": ["a", "b"]}, "type": "object"},
            {"maxProperties": 2},
        ),
        ({"required": ["a", "b"], "type": "object"}, {"minProperties": 2}),
        ({"properties": {"a": False}}, {"not": {"required": ["a"], "type": "object"}}),
        ({"type": "array", "items": {"type": "boolean"}, "uniqueItems": True}, {"maxItems": 2}),
        ({"type": "array", "items": False}, {"maxItems": 0}),
        ({"type": "array", "maxItems": 1}, {"uniqueItems": True}),
        ({"type": "array", "minItems": 1, "items": {"const": 1}}, {"contains": {"const": 1}}),
        ({"prefixItems": [{}, {}], "items": False}, {"maxItems": 2}),
        (
            {"oneOf": [{"type": "string"}, {"type": "integer"}]},
            {"anyOf": [{"type": "integer"}, {"type": "string"}]},
        ),
        (
            {"anyOf": [{"properties": {"k": {"const": "a"}}}, {"properties": {"k": {"const": "b"}}}]},
            {"properties": {"k": {"enum": ["a", "b"]}}},
        ),
        (
            {"type": "object", "properties": {"k": {"enum": ["a", "b"]}}, "required": ["k"]},
            {
                "oneOf": [
                    {"properties": {"k": {"const": "a"}}, "required": ["k"]},
                    {"properties": {"k": {"const": "b"}}, "required": ["k"]},
                ]
            },
        ),
        (
            {
                "$schema": NEW,
                "allOf": [{"properties": {"a": {}}}],
                "properties": {"b": {}},
                "unevaluatedProperties": False,
            },
            {"properties": {"a": {}, "b": {}}, "additionalProperties": False},
        ),
        (
            {
                "$schema": NEW,
                "allOf": [{"prefixItems": [{"const": 0}]}, {"prefixItems": [{}, {"const": 1}]}],
                "unevaluatedItems": {"type": "string"},
            },
            {"$schema": NEW, "prefixItems": [{"type": "integer"}, {"type": "integer"}], "items": {"type": "string"}},
        ),
        # one draft and the other
        (old(items=[{"type": "integer"}]), new(prefixItems=[{"type": "integer"}])),
        (new(dependentRequired={"a": ["b"]}), old(dependencies={"a": ["b"]})),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_follows_is_proved(writer: Json, reader: Json) -> None:
    compatible(reader=reader, writer=writer)


@pytest.mark.parametrize(
    "nothing",
    [
        False,
        {"not": {}},
        {"enum": []},
        {"allOf": [{"type": "string"}, {"type": "integer"}]},
        {"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        {"type": "number", "minimum": 2, "maximum": 1},
        {"type": "string", "pattern": "^a$", "minLength": 2},
        {"type": "string", "allOf": [{"pattern": "^a"}, {"pattern": "^b"}]},
        {"type": "object", "required": ["a"], "properties": {"a": False}},
        {"type": "object", "required": ["a", "b"], "maxProperties": 1},
        {
            "type": "object",
            "maxProperties": 1,
            "allOf": [{"not": {"patternProperties": {"^a": False}}}, {"not": {"patternProperties": {"^b": False}}}],
        },
        {"type": "object", "minProperties": 3, "propertyNames": {"enum": ["a", "b"]}},
        {"type": "array", "minItems": 3, "uniqueItems": True, "items": {"type": "boolean"}},
        {"type": "array", "contains": {"type": "string"}, "items": {"type": "integer"}},
        {"type": "array", "contains": {"const": 1}, "maxItems": 0},
        {
            "$ref": "#/$defs/a",
            "$defs": {"a": {"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#/$defs/a"}}}},
        },
    ],
    ids=lambda value: str(value)[:40],
)
def test_of_a_writer_that_admits_nothing_everything_is_read(nothing: Json) -> None:
    assert "admits no event" in compatible(reader={"not": {"title": "all"}}, writer=nothing).reason


def test_one_property_may_be_what_is_asked_for_twice() -> None:
    writer: Json = {
        "type": "object",
        "maxProperties": 1,
        "allOf": [{"not": {"patternProperties": {"^a": False}}}, {"not": {"patternProperties": {"b$": False}}}],
    }
    decision = incompatible(reader={"type": "object", "maxProperties": 0}, writer=writer)
    assert decision.witness is not None
    assert decision.witness.event == {"ab": None}


def test_items_that_some_part_of_the_schema_looked_at_are_evaluated() -> None:
    parts: list[Json] = [{"prefixItems": [{"const": 0}]}, {"prefixItems": [{}, {"const": 1}]}]
    writer: Json = {"$schema": NEW, "type": "array", "allOf": parts, "unevaluatedItems": False}
    decision = incompatible(reader={"type": "array", "maxItems": 1}, writer=writer)
    assert decision.witness is not None
    assert decision.witness.event == [0, 1]


def test_kinds_that_share_a_constant_overlap() -> None:
    def kind(*names: Json) -> Json:
        return {"type": "object", "properties": {"kind": {"enum": list(names)}}, "required": ["kind"]}

    decision = incompatible(reader={"oneOf": [kind("a", "b"), kind("b", "c")]}, writer=kind("a", "b", "c"))
    assert decision.witness is not None
    assert decision.witness.event == {"kind": "b"}
    compatible(reader={"oneOf": [kind("a", "b"), kind("c", "d")]}, writer=kind("a", "b", "c"))
    # What is no string is not told by the strings.
    incompatible(reader={"oneOf": [kind("a", 1), kind("b", 1)]}, writer=kind("a", "b", 1))
