"""What is an Avro schema and what is not, and where it says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import InvalidInput
from harness.schemas.avro.model import Array, Enumeration, Name, Primitive, Record, Reference, Union
from harness.schemas.avro.parsing import NESTING_MAX, SCHEMA_BYTES_MAX, parse
from tests.unit.schemas.avro.shapes import AVRO, Schema, array, enum, field, fixed, parsed, record

SOURCE = Path("order.avsc")


def refused(schema: Schema) -> str:
    with pytest.raises(InvalidInput) as raised:
        parse(json.dumps(schema, indent=1).encode(), SOURCE)
    assert raised.value.file == SOURCE
    assert raised.value.line is not None
    return str(raised.value)


@pytest.mark.parametrize(
    ("schema", "line", "message"),
    [
        (5, 1, "a schema is a text, an array or an object, not a number"),
        ("strng", 1, "unknown type 'strng'; did you mean 'string'?"),
        ({"items": "int"}, 1, "'type' is missing"),
        ({"type": "array"}, 1, "'items' is missing"),
        ({"type": "map"}, 1, "'values' is missing"),
        ({"type": ["int"]}, 2, "at /type: type must be a text, not an array"),
        ({"type": "record", "fields": []}, 1, "'name' is missing"),
        ({"type": "record", "name": "R"}, 1, "'fields' is missing"),
        ({"type": "record", "name": "R", "fields": {}}, 4, "at /fields: fields must be an array, not an object"),
        (record("R", "a"), 5, "at /fields/0: a field is an object, not a text"),
        (record("R", {"name": "a"}), 5, "at /fields/0: 'type' is missing"),
        (record("R", {"type": "int"}), 5, "at /fields/0: 'name' is missing"),
        (record("R", field("a-b", "int")), 6, "at /fields/0/name: 'a-b' is not a name"),
        (record("R", field("a", "int"), field("a", "int")), 9, "at /fields/1: R has two fields 'a'"),
        (record("R", field("a", "In")), 7, "at /fields/0/type: unknown type 'In'"),
        (record("R S"), 3, "at /name: 'R S' is not a name"),
        (record("R", namespace="a b"), 5, "at /namespace: 'a b' is not a name"),
        (record("R", aliases=["x y"]), 6, "at /aliases/0: 'x y' is not a name"),
        (record("R", aliases="x"), 5, "at /aliases: aliases must be an array, not a text"),
        (record("R", field("a", record("R"))), 7, "at /fields/0/type: R is defined twice"),
        (enum("E", "A", "B-C"), 6, "at /symbols/1: 'B-C' is not a symbol"),
        (enum("E", "A", "A"), 6, "at /symbols/1: symbol 'A' stands there twice"),
        ({"type": "enum", "name": "E", "symbols": [1]}, 5, "at /symbols/0: symbols must hold texts only"),
        (enum("E", "A", default="B"), 7, "at /default: default 'B' is none of the symbols"),
        (fixed("F", -1), 4, "at /size: size must be a whole number of bytes, not -1"),
        ({"type": "fixed", "name": "F", "size": True}, 4, "size must be a whole number of bytes, not true"),
        (["int", ["null"]], 3, "at /1: a union may not hold a union"),
        (["int", "int"], 3, "at /1: a union may hold int only once"),
        ([array("int"), array("long")], 6, "at /1: a union may hold array only once"),
        (record("R", field("a", "int", default="1")), 8, 'at /fields/0/default: default "1" is not a value of int'),
        (record("R", field("a", "int", default=True)), 8, "default true is not a value of int"),
        (record("R", field("a", "int", default=1 << 31)), 8, "default 2147483648 is not a value of int"),
        (record("R", field("a", "bytes", default="\u0100")), 8, "is not a value of bytes"),
        (record("R", field("a", fixed("F", 2), default="x")), 12, "is not a value of fixed F"),
        (record("R", field("a", enum("E", "A"), default="B")), 14, "is not a value of enum E"),
        (record("R", field("a", ["null", "int"], default="x")), 11, "is not a value of union of null and int"),
        (record("R", field("a", record("S", field("b", "int")), default={})), 17, "is not a value of record S"),
    ],
)
def test_what_is_no_schema_is_refused_with_line_place_and_reason(schema: Schema, line: int, message: str) -> None:
    said = refused(schema)
    assert message in said
    assert said.startswith(f"order.avsc:{line}: ")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"type":\n "int",}', "order.avsc:2: is not JSON"),
        (b"", "order.avsc:1: is not JSON"),
        (b'"\xff"', "order.avsc:1: is not UTF-8 text"),
        (b'\n\n"\xff"', "order.avsc:3: is not UTF-8 text"),
        (b'{"type": "fixed", "name": "F", "size": NaN}', "NaN is not JSON"),
        (b'{"type": "fixed", "name": "F", "size": ' + b"1" * 5000 + b"}", "is not JSON that can be read"),
    ],
)
def test_what_is_no_json_is_refused_with_its_line(content: bytes, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        parse(content, SOURCE)


def test_without_a_file_the_place_is_still_said() -> None:
    with pytest.raises(InvalidInput, match=r"at /items: unknown type 'x'"):
        parse(b'{"type": "array", "items": "x"}', None)


def test_a_schema_that_is_too_large_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(InvalidInput, match=r"is a schema of 50\.0 MiB; at most 2 MiB are read"):
        parse(b'"' + b"x" * (50 << 20) + b'"', SOURCE)
    assert SCHEMA_BYTES_MAX < 50 << 20


@pytest.mark.parametrize("depth", [NESTING_MAX, 5000, 50_000])
def test_a_schema_that_is_nested_too_deep_is_refused(depth: int) -> None:
    with pytest.raises(InvalidInput, match=r"nested deeper|can be read"):
        parse(b'{"type": "array", "items": ' * depth + b'"int"' + b"}" * depth, SOURCE)


def test_a_deep_schema_below_the_limit_is_read() -> None:
    depth = NESTING_MAX - 1
    schema = parse(b'{"type": "array", "items": ' * depth + b'"int"' + b"}" * depth, SOURCE)
    assert isinstance(schema.root, Array)


def test_names_are_in_the_namespace_around_them_unless_they_say_otherwise() -> None:
    schema = parsed(
        record(
            "com.example.Order",
            field("a", enum("State", "NEW")),
            field("b", fixed("Hash", 4, namespace="org.other")),
            field("c", enum("net.third.Kind", "X")),
            field("d", enum("Rootless", "X", namespace="")),
            field("e", "State"),
            field("f", "org.other.Hash"),
            aliases=["Old", "org.other.Older"],
        )
    )
    assert set(schema.named) == {
        "com.example.Order", "com.example.State", "org.other.Hash", "net.third.Kind", "Rootless",
    }  # fmt: skip
    root = schema.root
    assert isinstance(root, Record)
    assert root.aliases == (Name("com.example.Old"), Name("org.other.Older"))
    assert isinstance(root.fields[4].type, Reference)
    assert isinstance(schema.target(root.fields[4].type), Enumeration)
    assert schema.name == "com.example.Order"


def test_a_record_may_refer_to_itself_and_is_known_by_its_place() -> None:
    schema = parsed(record("Node", field("next", ["null", "Node"])))
    root = schema.root
    assert isinstance(root, Record)
    union = root.fields[0].type
    assert isinstance(union, Union)
    assert [branch.path for branch in union.branches] == ["/fields/0/type/0", "/fields/0/type/1"]
    assert schema.target(union.branches[1]) is root


def test_a_logical_type_is_kept_with_its_parameters_and_not_given_to_the_decoder() -> None:
    schema = parsed({"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2, "doc": "money"})
    assert isinstance(schema.root, Primitive)
    assert schema.root.logical == "decimal(9, 2)"
    assert schema.bare == "bytes"


def test_a_schema_that_only_fastavro_refuses_is_refused_with_its_word(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(schema: Schema) -> Schema:
        raise TypeError("out of order")

    monkeypatch.setattr("harness.schemas.avro.parsing.parse_schema", refuse)
    with pytest.raises(InvalidInput, match="fastavro refuses the schema: out of order"):
        parsed("int")


def test_a_default_may_be_a_value_of_any_branch_and_of_nested_records() -> None:
    nested = record("S", field("b", "int", default=1), field("c", "double"))
    schema = parsed(
        record(
            "R",
            field("a", ["int", "null"], default=None),
            field("s", nested, default={"c": 2}),
            field("f", "float", default="NaN"),
            field("m", {"type": "map", "values": "bytes"}, default={"k": "\u00ff"}),
            field("l", array("long"), default=[1 << 62]),
        )
    )
    assert isinstance(schema.root, Record)


def test_the_format_says_what_it_is() -> None:
    assert AVRO.name == "avro"
    assert AVRO.suffixes == (".avsc",)
    assert parsed("int").name == ""
