"""A folder of schemas, and data that are made from them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema_rs
import pytest

from harness.errors import InvalidInput
from harness.upcasters import generation
from harness.upcasters.schemas import read_schemas

OBJECT = json.dumps({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]})
AVRO = json.dumps({"type": "record", "name": "A", "fields": [{"name": "a", "type": "int"}]})
PROTO = 'syntax = "proto3"; message A { int32 a = 1; }'


def write(folder: Path, **files: str) -> Path:
    """Files named `Type/1.json` are given as `Type__1_json`."""
    for name, text in files.items():
        file = folder / name.replace("__", "/").replace("_", ".")
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    return folder


def test_types_are_folders_and_versions_are_files(tmp_path: Path) -> None:
    schemas = read_schemas(write(tmp_path, A__1_json=OBJECT, A__v2_json=OBJECT, B__B_3_json=OBJECT, B__README_md="-"))
    assert set(schemas.known) == {("A", 1), ("A", 2), ("B", 3)}
    assert schemas.versions("A") == (1, 2)


def test_the_topic_of_a_class_finds_the_folder_of_its_name(tmp_path: Path) -> None:
    schemas = read_schemas(write(tmp_path, Order_Placed__1_json=OBJECT))
    assert schemas.of("shop.orders:Order.Placed", 1) is not None
    assert schemas.of("shop.orders:Order.Placed", 2) is None
    assert schemas.versions("shop.orders:Order.Placed") == (1,)


@pytest.mark.parametrize(
    ("file", "text", "wrong"),
    [
        ("A__1_json", OBJECT, {"a": "x"}),
        ("A__1_avsc", AVRO, {"a": "x"}),
        ("A__1_proto", PROTO, {"a": "x"}),
        ("A__1_proto", PROTO, {"b": 1}),
        ("A__1_avsc", AVRO, {"a": 1, "b": 1}),
    ],
)
def test_each_format_admits_and_refuses(tmp_path: Path, file: str, text: str, wrong: dict[str, Any]) -> None:
    schema = read_schemas(write(tmp_path, **{file: text})).of("A", 1)
    assert schema is not None
    assert schema.complaint({"a": 1}) == ""
    assert schema.complaint(wrong)


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({}, "has no schemas"),
        ({"A__1_json": "{"}, "is not a JSON Schema"),
        ({"A__1_json": '{"type": "strin"}'}, "is not a JSON Schema"),
        ({"A__1_json": '{"$ref": "https://example.org/a.json"}'}, "schemas are not fetched"),
        ({"A__1_avsc": '{"type": "record", "name": "A"}'}, "'fields' is missing"),
        ({"A__1_avsc": '"nothing"'}, "unknown type 'nothing'"),
        ({"A__1_avsc": '"string"'}, "is not an Avro schema of an event"),
        ({"A__1_proto": "message"}, "protoc"),
        ({"A__newest_json": OBJECT}, "does not end in the number of a version"),
        ({"A__1_json": OBJECT, "A__v1_json": OBJECT}, "is a second schema of A 1"),
    ],
)
def test_what_is_no_folder_of_schemas_is_invalid_input(tmp_path: Path, files: dict[str, str], why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        read_schemas(write(tmp_path, **files))


def test_a_folder_that_is_not_there_is_invalid_input(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no such folder"):
        read_schemas(tmp_path / "schemas")


# ── made data ────────────────────────────────────────────────────────────────────────────────────────────────────


def made(schema: Any, count: int = 20) -> tuple[dict[str, Any], ...]:
    return generation.examples(schema, jsonschema_rs.validator_for(schema).is_valid, count)


@pytest.mark.parametrize(
    "properties",
    [
        {"a": {"type": "integer", "minimum": 3, "maximum": 5}},
        {"a": {"type": "integer", "exclusiveMinimum": 3, "multipleOf": 7}},
        {"a": {"type": "number", "minimum": 0.5}},
        {"a": {"type": "string", "minLength": 2, "maxLength": 3}},
        {"a": {"type": "string", "pattern": "^[A-Z]{3}$"}},
        {"a": {"type": "string", "format": "date-time"}},
        {"a": {"type": ["string", "null"]}},
        {"a": {"enum": ["x", 1, None]}},
        {"a": {"const": {"b": 1}}},
        {"a": {"type": "array", "items": {"type": "boolean"}, "minItems": 2}},
        {"a": {"type": "object", "additionalProperties": {"type": "integer"}}},
        {"a": {"anyOf": [{"type": "integer"}, {"type": "string", "maxLength": 2}]}},
        {"a": {"allOf": [{"type": "object", "required": ["b"]}, {"properties": {"b": {"type": "integer"}}}]}},
        {"a": {"$ref": "#/$defs/money"}},
        {"a": {"$ref": "#/$defs/tree"}},
    ],
)
def test_what_is_made_satisfies_the_schema_and_reaches_the_field(properties: dict[str, Any]) -> None:
    schema = {
        "type": "object",
        "properties": properties,
        "required": ["a"],
        "$defs": {
            "money": {"type": "object", "properties": {"cents": {"type": "integer"}}, "required": ["cents"]},
            "tree": {"type": "object", "properties": {"parts": {"type": "array", "items": {"$ref": "#/$defs/tree"}}}},
        },
    }
    data = made(schema)
    assert data
    assert all(jsonschema_rs.is_valid(schema, each) and "a" in each for each in data)
    assert made(schema) == data


def test_optional_fields_are_sometimes_there(tmp_path: Path) -> None:
    data = made({"type": "object", "properties": {"a": {"type": "integer"}}})
    assert {"a" in each for each in data} == {True, False}


@pytest.mark.parametrize(
    "schema",
    [
        False,
        {"type": "string"},
        {"type": "object", "properties": {"a": {"type": "integer", "minimum": 5, "maximum": 4}}, "required": ["a"]},
    ],
)
def test_what_nothing_satisfies_gives_no_data(schema: Any) -> None:
    assert made(schema) == ()


def test_data_are_made_from_protobuf_too(tmp_path: Path) -> None:
    schema = read_schemas(write(tmp_path, A__1_proto=PROTO)).of("A", 1)
    assert schema is not None
    data = schema.examples(10)
    assert any("a" in each for each in data)
    assert not any(schema.complaint(each) for each in data)


def record(**fields: Any) -> str:
    return json.dumps(
        {"type": "record", "name": "A", "fields": [{"name": name, "type": type_} for name, type_ in fields.items()]}
    )


def made_of(tmp_path: Path, schema: str, count: int = 40) -> tuple[dict[str, Any], ...]:
    found = read_schemas(write(tmp_path, A__1_avsc=schema)).of("A", 1)
    assert found is not None
    data = found.examples(count)
    assert not any(found.complaint(each) for each in data)
    assert found.examples(count) == data
    return data


def test_data_are_made_from_avro_too(tmp_path: Path) -> None:
    tree = {"type": "record", "name": "Tree", "fields": [{"name": "parts", "type": {"type": "array", "items": "Tree"}}]}
    data = made_of(tmp_path, record(a=["null", "string"], b={"type": "map", "values": "double"}, c=tree))
    assert len(data) == 40
    assert json.loads(json.dumps(data, allow_nan=False)) == list(data)
    assert {type(each["a"]) for each in data} == {str, type(None)}


def test_numbers_that_are_times_are_times_that_there_are(tmp_path: Path) -> None:
    logical = {
        "day": {"type": "int", "logicalType": "date"},
        "time": {"type": "int", "logicalType": "time-millis"},
        "at": {"type": "long", "logicalType": "timestamp-micros"},
        "id": {"type": "string", "logicalType": "uuid"},
    }
    for each in made_of(tmp_path, record(**logical)):
        assert date.fromordinal(date(1970, 1, 1).toordinal() + each["day"]).year <= 2100
        assert 0 <= each["time"] < 86_400_000
        assert datetime.fromtimestamp(each["at"] / 1e6, UTC).year <= 2100
        assert UUID(each["id"]).version == 4


@pytest.mark.parametrize("type_", ["bytes", {"type": "fixed", "name": "F", "size": 2}, "A"])
def test_no_data_are_made_of_what_json_does_not_have_nor_of_what_has_no_end(tmp_path: Path, type_: Any) -> None:
    assert made_of(tmp_path, record(a=type_)) == ()
