"""What a decision says: where it was refused, how hard it was searched, and what is only noted."""

from __future__ import annotations

import pytest

from harness.schemas.decision import Compatibility, Effort, Json, Schema
from harness.schemas.jsonschema import JsonSchemaFormat
from harness.schemas.jsonschema.comparison import DISPROVED
from tests.unit.schemas.jsonschema.pairs import NEW, OLD, compatible, decide, incompatible, parsed, unknown


def test_a_refusal_is_told_by_the_validator_at_the_keyword() -> None:
    decision = incompatible(reader={"properties": {"n": {"maximum": 3}}}, writer={"properties": {"n": {"maximum": 4}}})
    assert decision.witness is not None
    assert decision.witness.event == {"n": 4}
    assert decision.witness.refusal == "4 is greater than the maximum of 3"
    assert decision.witness.refusal in decision.reason
    assert decision.effort == Effort(directed=1)


@pytest.mark.parametrize(
    ("reader", "path"),
    [
        ({"properties": {"a/b~c": {"maximum": 3}}}, "/properties/a~1b~0c/maximum"),
        ({"properties": {"a/b~c": {"$ref": "#/$defs/x"}}, "$defs": {"x": {"maximum": 3}}}, "/$defs/x/maximum"),
        (
            {
                "$id": "http://example.com/root",
                "properties": {"a/b~c": {"$ref": "part"}},
                "$defs": {"x": {"$id": "part", "$ref": "#/$defs/y", "$defs": {"y": {"maximum": 3}}}},
            },
            "/$defs/x/$defs/y/maximum",
        ),
        (
            {"anyOf": [{"type": "string"}, {"properties": {"a/b~c": {"maximum": 3}}}]},
            "/anyOf/1/properties/a~1b~0c/maximum",
        ),
        ({"properties": {"a/b~c": False}}, "/properties/a~1b~0c"),
        ({"properties": {"a/b~c": {"$ref": "#/$defs/no"}}, "$defs": {"no": False}}, "/$defs/no"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_the_path_leads_to_the_keyword_in_the_reader(reader: Json, path: str) -> None:
    writer: Json = {"type": "object", "properties": {"a/b~c": {"type": "integer"}}, "required": ["a/b~c"]}
    decision = incompatible(reader=reader, writer=writer)
    assert decision.path == path


def test_the_same_place_in_the_writer_is_found_through_references() -> None:
    number: Json = {"maximum": 4}
    writer: Json = {"properties": {"n": {"$ref": "#/$defs/number"}}, "$defs": {"number": number}}
    decision = incompatible(reader={"properties": {"n": {"maximum": 3}}}, writer=writer)
    assert (decision.rule, decision.writer_path) == ("maximum-decreased", "/$defs/number/maximum")
    reader: Json = {"properties": {"n": {"$ref": "#/$defs/number"}}, "$defs": {"number": {"maximum": 3}}}
    decision = incompatible(reader=reader, writer={"properties": {"n": number}})
    assert (decision.rule, decision.writer_path) == ("maximum-decreased", "/properties/n/maximum")


@pytest.mark.parametrize(
    ("reader", "writer", "rule", "writer_path"),
    [
        ({"required": ["a"]}, {"type": "object"}, "required-attribute-added", ""),
        (
            {"properties": {"a": {"type": "string"}}},
            {"properties": {"b": {}}},
            "property-added-to-open-content-model",
            "/properties",
        ),
        (
            {"properties": {"o": {"properties": {"a": {"type": "string"}}}}},
            {"properties": {"o": {"type": "object"}}},
            "property-added-to-open-content-model",
            "/properties/o",
        ),
        (
            {"$schema": NEW, "prefixItems": [{}, {"type": "string"}]},
            {"$schema": NEW, "prefixItems": [{}]},
            "item-added-to-open-content-model",
            "/prefixItems",
        ),
        ({"items": {"type": "string"}}, {"type": "array"}, "type", ""),
        ({"anyOf": [{"items": {"maximum": 3}}, False]}, {"items": {"maximum": 4}}, "combined-type-changed", ""),
    ],
    ids=lambda value: str(value)[:40],
)
def test_the_path_in_the_writer_goes_as_far_as_there_is_something(
    reader: Json, writer: Json, rule: str, writer_path: str
) -> None:
    decision = incompatible(reader=reader, writer=writer)
    assert (decision.rule, decision.writer_path) == (rule, writer_path)


def test_what_was_searched_is_counted() -> None:
    decision = compatible(
        reader={"type": "object", "properties": {"n": {"type": "number", "maximum": 10}}},
        writer={"type": "object", "properties": {"n": {"type": "integer", "maximum": 9}}},
    )
    assert decision.effort.directed > 5
    assert decision.effort.generated > 5
    assert f"{decision.effort.directed} directed and {decision.effort.generated} generated" in decision.reason


def test_schemas_that_are_the_same_need_no_search() -> None:
    decision = compatible(reader={"type": "string", "maxLength": 3}, writer={"maxLength": 3, "type": "string"})
    assert decision.reason == "both schemas are the same"
    assert (decision.rule, decision.path, decision.effort) == ("", "", Effort())


def test_what_is_not_decided_is_the_same_as_itself() -> None:
    remote: Json = {"$ref": "http://example.com/a.json"}
    compatible(reader=remote, writer=remote)
    assert "not fetched" in unknown(reader=remote, writer={"type": "string"}).reason


def test_what_is_unknown_was_searched_too() -> None:
    decision = unknown(
        reader={"type": "string", "minLength": 3}, writer={"type": "string", "pattern": "\\bfoo\\b", "maxLength": 9}
    )
    assert decision.effort.directed > 0


def test_formats_are_noted_and_assert_nothing() -> None:
    for draft in (OLD, NEW):
        decision = compatible(
            reader={"$schema": draft, "properties": {"at": {"type": "string", "format": "date-time"}}},
            writer={"$schema": draft, "properties": {"at": {"type": "string", "format": "date"}}},
        )
        assert decision.notes == ("/properties/at/format: 'date' became 'date-time'; an annotation, not asserted",)


def test_the_content_of_strings_is_noted_and_asserts_nothing() -> None:
    decision = compatible(
        reader={"$schema": OLD, "type": "string", "contentMediaType": "application/json"},
        writer={"$schema": OLD, "type": "string"},
    )
    assert decision.notes == ("/contentMediaType: nothing became 'application/json'; an annotation, not asserted",)


@pytest.mark.parametrize(
    ("reader", "note"),
    [
        ({"$schema": NEW, "dependencies": {"a": ["b"]}}, "'dependencies' asserts nothing in 2020-12"),
        ({"$schema": NEW, "properties": {"a": {"additionalItems": False}}}, "/properties/a/additionalItems"),
        ({"$schema": OLD, "prefixItems": [False]}, "'prefixItems' asserts nothing in draft-07"),
        ({"$schema": OLD, "dependentRequired": {"a": ["b"]}}, "'dependentRequired' asserts nothing in draft-07"),
        ({"type": ["object", "array"], "nullable": True}, "'nullable' asserts nothing"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_words_that_the_draft_does_not_know_are_noted_and_ignored(reader: Json, note: str) -> None:
    decision = compatible(reader=reader, writer={"type": ["object", "array"]})
    (said,) = decision.notes
    assert said.startswith("reader, /")
    assert note in said


def test_many_notes_are_cut() -> None:
    many: Json = {"properties": {f"p{number}": {"format": "date"} for number in range(30)}}
    decision = compatible(reader=many, writer={"properties": {f"p{number}": {} for number in range(30)}})
    assert len(decision.notes) == 21
    assert decision.notes[-1] == "10 more"


def test_the_plainest_witness_comes_first() -> None:
    decision = incompatible(
        reader={"type": "object", "properties": {"id": {"type": "string"}, "at": {}}, "required": ["id", "at"]},
        writer={"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]},
    )
    assert decision.witness is not None
    assert decision.witness.event == {"id": "a"}
    assert decision.rule == "required-attribute-added"


def test_a_witness_is_not_taken_for_one_if_the_validator_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = parsed({"type": "integer"}), parsed({"type": "number"})
    monkeypatch.setattr(reader.validator, "admits", lambda _event: True)
    decision = JsonSchemaFormat().decide(reader, writer)
    assert decision.compatibility is Compatibility.UNKNOWN
    assert decision.reason.startswith("the validator disagrees with the comparison about")


def test_a_proof_is_not_believed_if_the_validator_refuses_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = parsed({"type": "number"}), parsed({"type": "integer"})
    stricter = parsed({"type": "string"}).validator
    monkeypatch.setattr(reader.validator, "admits", stricter.admits)
    monkeypatch.setattr(reader.validator, "refusal", stricter.refusal)
    decision = JsonSchemaFormat().decide(reader, writer)
    assert decision.compatibility is Compatibility.INCOMPATIBLE
    assert DISPROVED in decision.notes


def test_schemas_of_another_format_are_no_schemas_here() -> None:
    class Other:
        name = "other"

    other: Schema = Other()
    with pytest.raises(TypeError):
        JsonSchemaFormat().decide(other, parsed(True))


def test_numbers_in_different_forms_are_one_number() -> None:
    assert decide(reader={"const": 1.0}, writer={"const": 1}).compatibility is Compatibility.COMPATIBLE
    assert incompatible(reader={"const": True}, writer={"const": 1}).rule == "const"


def test_a_property_that_is_forbidden_is_no_keyword() -> None:
    closed: dict[str, Json] = {"properties": {"a": {}, "type": {}}, "additionalProperties": False}
    for name in ("a", "type"):
        forbidden: Json = {"properties": {name: False}}
        decision = incompatible(reader=forbidden, writer={**closed, "required": [name]})
        assert (decision.rule, decision.path) == ("false", f"/properties/{name}")


def test_a_property_without_a_name_has_a_path() -> None:
    decision = incompatible(
        reader={"properties": {"": {"properties": {"": {"type": "string"}}}}},
        writer={"properties": {"": {"properties": {"": {"type": "integer"}}}}},
    )
    assert (decision.rule, decision.path) == ("type-changed", "/properties//properties//type")
    assert decision.writer_path == "/properties//properties//type"
