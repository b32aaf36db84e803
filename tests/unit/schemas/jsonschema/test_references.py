"""References within a document are followed as validators follow them; recursion is decided."""

from __future__ import annotations

import pytest

from harness.schemas.decision import Json
from tests.unit.schemas.jsonschema.pairs import NEW, OLD, compatible, incompatible, unknown


def tree(value: Json, **limits: Json) -> Json:
    return {
        "$defs": {
            "node": {
                "type": "object",
                "properties": {"value": value, "kids": {"type": "array", "items": {"$ref": "#/$defs/node"}, **limits}},
                "required": ["value"],
            }
        },
        "$ref": "#/$defs/node",
    }


def test_what_changes_within_a_recursion_is_found_and_proved() -> None:
    integers, numbers = tree({"type": "integer"}), tree({"type": "number"})
    compatible(reader=numbers, writer=integers)
    decision = incompatible(reader=integers, writer=numbers)
    assert decision.path == "/$defs/node/properties/value/type"


def test_a_limit_within_a_recursion_is_found() -> None:
    decision = incompatible(reader=tree(True, maxItems=2), writer=tree(True))
    assert decision.path == "/$defs/node/properties/kids/maxItems"


def test_schemas_within_each_other_are_compared() -> None:
    def two(bound: int) -> Json:
        return {
            "definitions": {
                "a": {"type": "object", "properties": {"b": {"$ref": "#/definitions/b"}}},
                "b": {"type": "object", "properties": {"a": {"$ref": "#/definitions/a"}, "n": {"maximum": bound}}},
            },
            "$ref": "#/definitions/a",
        }

    compatible(reader=two(4), writer=two(3))
    decision = incompatible(reader=two(3), writer=two(4))
    assert decision.path == "/definitions/b/properties/n/maximum"


def test_an_expression_of_alternatives_may_get_one_more() -> None:
    def expression(*operators: str) -> Json:
        operation: Json = {
            "type": "object",
            "properties": {
                "operator": {"enum": list(operators)},
                "left": {"$ref": "#"},
                "right": {"$ref": "#"},
            },
            "required": ["operator", "left", "right"],
        }
        number: Json = {"type": "number"}
        return {"oneOf": [number, operation]}

    compatible(reader=expression("+", "-", "*"), writer=expression("+", "-"))
    decision = incompatible(reader=expression("+", "-"), writer=expression("+", "-", "*"))
    assert decision.path == "/oneOf/1/properties/operator/enum"
    assert decision.rule == "enum-array-narrowed"


def test_what_would_have_to_be_endless_is_nothing() -> None:
    endless: dict[str, Json] = {"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["next"]}
    assert "admits no event" in compatible(reader={"type": "string"}, writer=endless).reason
    no_more: Json = {"type": "null"}
    one_way_out: Json = {"anyOf": [no_more, endless]}
    incompatible(reader={"type": "object"}, writer=one_way_out)


def test_what_was_concluded_within_a_recursion_is_not_believed_outside() -> None:
    def has(name: str, value: Json) -> Json:
        return {"type": "object", "required": [name], "properties": {name: value}, "additionalProperties": False}

    one: Json = {"const": 1}
    both: Json = {
        "$schema": NEW,
        "$defs": {
            # Looking for an `a`, one comes upon `b` while there is no `a` yet.
            "a": {"anyOf": [has("x", {"$ref": "#/$defs/b"}), has("y", one)]},
            "b": has("z", {"$ref": "#/$defs/a"}),
        },
        "type": "array",
        "prefixItems": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/b"}],
        "minItems": 2,
    }
    incompatible(reader={"type": "array", "maxItems": 1}, writer=both)


@pytest.mark.parametrize(
    "reference",
    [
        {"$ref": "#/$defs/a~1b~0%25", "$defs": {"a/b~%": {"maximum": 3}}},
        {"$ref": "#name", "$defs": {"a": {"$anchor": "name", "maximum": 3}}},
        {"$ref": "item", "$id": "http://example.com/root", "$defs": {"a": {"$id": "/item", "maximum": 3}}},
        {"$ref": "urn:a:b", "$defs": {"a": {"$id": "urn:a:b", "maximum": 3}}},
        {"$ref": "urn:a:b#c", "$defs": {"a": {"$id": "urn:a:b", "items": {"$anchor": "c", "maximum": 3}}}},
        {"$ref": "#/x-parts/0", "x-parts": [{"maximum": 3}]},
        {"$dynamicRef": "#/$defs/a", "$defs": {"a": {"maximum": 3}}},
        {"$dynamicRef": "#name", "$defs": {"a": {"$dynamicAnchor": "name", "maximum": 3}}},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"maximum": 3}}},
        {"$schema": OLD, "$ref": "#name", "definitions": {"a": {"$id": "#name", "maximum": 3}}},
        {"$schema": OLD, "$ref": "#/definitions/a", "maximum": 1, "definitions": {"a": {"maximum": 3}}},
    ],
    ids=lambda value: str(value)[:40],
)
def test_references_lead_where_validators_say(reference: Json) -> None:
    incompatible(reader=reference, writer={"maximum": 4})
    compatible(reader=reference, writer={"maximum": 3})
    compatible(reader={"maximum": 3}, writer=reference)


def test_what_stands_beside_a_reference_counts_in_the_new_draft_only() -> None:
    beside: dict[str, Json] = {"$ref": "#/definitions/a", "maximum": 1, "definitions": {"a": {"maximum": 3}}}
    incompatible(reader={"$schema": NEW, **beside}, writer={"maximum": 3})
    decision = compatible(reader={"$schema": OLD, **beside}, writer={"maximum": 3})
    assert decision.notes == ("reader, /maximum: 'maximum' beside '$ref' is ignored in draft-07",)


def test_a_dynamic_reference_of_one_document_is_a_recursion() -> None:
    def dynamic(type_: str) -> Json:
        items: Json = {"$dynamicRef": "#node"}
        return {"$schema": NEW, "$dynamicAnchor": "node", "properties": {"v": {"type": type_}, "k": {"items": items}}}

    compatible(reader=dynamic("number"), writer=dynamic("integer"))
    incompatible(reader=dynamic("integer"), writer=dynamic("number"))


def test_the_outermost_of_several_is_that_of_the_root() -> None:
    def extended(root: Json) -> Json:
        return {
            "$schema": NEW,
            "$id": "http://example.com/root",
            "$ref": "list",
            "$defs": {
                "item": root,
                "list": {
                    "$id": "list",
                    "items": {"$dynamicRef": "#item"},
                    "$defs": {"any": {"$dynamicAnchor": "item", "type": "string"}},
                },
            },
        }

    numbers = extended({"$dynamicAnchor": "item", "type": "number"})
    compatible(reader=numbers, writer={"type": "array", "items": {"type": "integer"}})
    incompatible(reader=numbers, writer={"type": "array", "items": {"type": "string"}})
    # Without one at the root it is the only one that there is.
    compatible(reader=extended(True), writer={"type": "array", "items": {"type": "string"}})


def test_a_dynamic_reference_to_one_of_several_is_named() -> None:
    several: Json = {
        "$schema": NEW,
        "$id": "http://example.com/root",
        "$ref": "list",
        "$defs": {
            "list": {
                "$id": "list",
                "items": {"$dynamicRef": "#item"},
                "$defs": {"any": {"$dynamicAnchor": "item"}},
            },
            "other": {"$id": "other", "$defs": {"any": {"$dynamicAnchor": "item", "type": "string"}}},
        },
    }
    decision = unknown(reader=several, writer={"type": "array", "items": {"type": "null"}})
    assert "depends on the way" in decision.reason


def test_a_schema_that_is_itself_is_named() -> None:
    decision = unknown(reader={"allOf": [{"$ref": "#"}]}, writer={"type": "integer"})
    assert "refers to itself" in decision.reason


def test_nothing_remote_is_fetched() -> None:
    decision = unknown(reader={"items": {"$ref": "http://127.0.0.1:1/a.json"}}, writer={"type": "array"})
    assert "http://127.0.0.1:1/a.json, which is not fetched" in decision.reason
