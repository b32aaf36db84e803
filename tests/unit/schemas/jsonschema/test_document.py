"""What is not a schema is refused with file and line or pointer; what is not decided is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import InvalidInput
from harness.schemas.jsonschema import JsonSchemaFormat
from harness.schemas.jsonschema.document import read
from harness.schemas.jsonschema.keywords import Draft
from tests.unit.schemas.jsonschema.pairs import NEW, OLD, parsed

SOURCE = Path("order.schema.json")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'{"type": "object",\n  "x" }', "order.schema.json:2: is not JSON"),
        (b"", "order.schema.json:1: is not JSON"),
        (b"[]", "order.schema.json:1: not a schema: a schema is an object, true or false"),
        (b'{"a": 1,\n "b": "\xff"}', "order.schema.json:2: is not UTF-8 text"),
        (b'{"type": "objekt"}', "order.schema.json: not a schema: /type: "),
        (b'{"properties": {"a/b": {"minLength": -1}}}', "/properties/a~1b/minLength: "),
        (b'{"items": {"pattern": "("}}', "/items/pattern: '(' is not a regular expression"),
        (b'{"patternProperties": {"[": {}}}', "'[' is not a regular expression"),
        (b'{"pattern": "(a{1,1000}){1,1000}"}', "/pattern: "),
        (b'{"items": {"$ref": "#/$defs/a"}}', "/items/$ref: '#/$defs/a' leads nowhere"),
        (b'{"$ref": "#a"}', "/$ref: '#a' leads nowhere"),
        (b'{"$schema": 7}', "/$schema must be a URI"),
        (b'{"type": "string", "type": "integer"}', "'type' stands twice"),
        (b'{"maximum": 1e999}', "1e999 is too large a number"),
        (b'{"maximum": Infinity}', "Infinity is no number"),
        (b'{"maximum": ' + b"9" * 5000 + b"}", "is not JSON that can be compared"),
        (b"[" * 100_000, "is nested too deeply"),
        (b'{"items": ' * 1_000 + b"{}" + b"}" * 1_000, "is nested too deeply"),
        (b'{"items": ' * 400 + b"{}" + b"}" * 400, "order.schema.json: "),
        (b'{"const": "\\ud800"}', "surrogates not allowed"),
        (f'{{"$schema": "{NEW}", "items": [{{}}]}}'.encode(), "/items: "),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_no_schema_is_refused(text: bytes, message: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(text, SOURCE)
    assert message in str(refused.value)
    assert refused.value.file == SOURCE


def test_the_draft_is_as_the_schema_says_or_as_its_words_are() -> None:
    assert parsed({"$schema": OLD}).draft is Draft.DRAFT_07
    assert parsed({"$schema": OLD.rstrip("#")}).draft is Draft.DRAFT_07
    assert parsed({"$schema": NEW}).draft is Draft.DRAFT_2020_12
    assert parsed(True).draft is Draft.DRAFT_2020_12
    assert parsed({"type": "object", "definitions": {}}).draft is Draft.DRAFT_2020_12
    assert parsed({"properties": {"a": {"items": [{}]}}}).draft is Draft.DRAFT_07
    assert parsed({"properties": {"a": {"dependencies": {}}}}).draft is Draft.DRAFT_07
    assert parsed({"dependencies": {}, "dependentRequired": {}}).draft is Draft.DRAFT_2020_12


def test_words_in_values_are_not_keywords() -> None:
    assert parsed({"const": {"additionalItems": False}}).draft is Draft.DRAFT_2020_12
    assert not parsed({"enum": [{"$ref": "http://example.com/"}]}).undecidable


def test_a_schema_is_called_by_its_title_or_identifier() -> None:
    assert parsed({"title": "Order", "$id": "https://example.com/x"}).name == "Order"
    assert parsed({"$id": "https://example.com/events/order.json"}).name == "order.json"
    assert parsed({}).name == parsed(True).name == ""


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"$schema": "http://json-schema.org/draft-04/schema#"}, "the dialect http://json-schema.org/draft-04/schema#"),
        ({"$schema": "https://example.com/my"}, "the dialect https://example.com/my"),
        ({"items": {"$ref": "http://example.com/a.json#/b"}}, "/items/$ref refers to http://example.com/a.json"),
        ({"$id": "http://example.com/a/b", "$ref": "c"}, "/$ref refers to http://example.com/a/c"),
        (
            {"properties": {"a": {"$schema": "http://json-schema.org/draft-04/schema#"}}},
            "/properties/a is of another dialect",
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_not_decided_is_read_and_named(content: dict[str, object], reason: str) -> None:
    schema = read(json.dumps(content).encode())
    assert reason in schema.undecidable


def test_a_byte_order_mark_does_no_harm() -> None:
    assert JsonSchemaFormat().parse(b'\xef\xbb\xbf{"title": "A"}').name == "A"


def test_the_format_says_what_it_is() -> None:
    assert (JsonSchemaFormat.name, JsonSchemaFormat.suffixes) == ("jsonschema", (".schema.json", ".json"))
