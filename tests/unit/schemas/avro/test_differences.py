"""Differences in words, each with what it means for either direction."""

from __future__ import annotations

import pytest

from harness.schemas.avro import AvroFormat
from harness.schemas.optional import Difference
from tests.unit.schemas.avro.shapes import Schema, array, enum, field, fixed, mapping, parsed, record

SAFE = ("", "")


def told(old: Schema, new: Schema) -> list[Difference]:
    return list(AvroFormat().differences(parsed(old), parsed(new)))


@pytest.mark.parametrize(
    ("old", "new", "path", "text", "backward", "forward"),
    [
        (record("R", field("a", "int")), record("R", field("a", "long")), "/fields/0/type",
         "field a: int becomes long", "", "type"),
        (record("R"), record("R", field("a", "int")), "/fields/0",
         "field a (int) added, without a default", "missing-default", ""),
        (record("R"), record("R", field("a", "int", default=1)), "/fields/0",
         "field a (int) added, with default 1", "", ""),
        (record("R", field("a", "int")), record("R"), "/fields/0",
         "field a (int) removed", "", "missing-default"),
        (record("R", field("a", "int")), record("R", field("b", "int", aliases=["a"])), "/fields/0",
         "field a is called b now, with the old name as an alias", "", "missing-default"),
        (record("R", field("a", "int", default=1)), record("R", field("a", "int")), "/fields/0/default",
         "field a: default 1 becomes no default", "", ""),
        (record("R", field("a", "int"), field("b", "int")), record("R", field("b", "int"), field("a", "int")),
         "/fields", "fields are in another order", "", ""),
        (record("R"), record("S"), "/name", "record R is called S now", "name", "name"),
        (record("R"), record("S", aliases=["R"]), "/name",
         "record R is called S now, with the old name as an alias", "", "name"),
        (record("R"), record("R", namespace="n"), "/name", "record R is called n.R now", "", ""),
        (enum("E", "A"), enum("E", "A", "B"), "/symbols", "symbol B added in E", "", "enum-symbols"),
        (enum("E", "A", "B", "C"), enum("E", "A"), "/symbols", "symbols B and C removed in E", "enum-symbols", ""),
        (enum("E", "A"), enum("E", "A", default="A"), "/default", "E: default none becomes A", "", ""),
        (fixed("F", 2), fixed("F", 3), "/size", "F has 3 bytes instead of 2", "fixed-size", "fixed-size"),
        ("string", ["null", "string"], "", "string becomes union of null and string", "", "union-branch"),
        (["null", "string"], "string", "", "union of null and string becomes string", "union-branch", ""),
        (["null"], ["null", "int"], "/1", "branch int added to the union", "", "union-branch"),
        (["null", "int"], ["null"], "/1", "branch int removed from the union", "union-branch", ""),
        (array("int"), array("string"), "/items", "elements: int becomes string", "type", "type"),
        (mapping("int"), mapping("long"), "/values", "values: int becomes long", "", "type"),
        ({"type": "long", "logicalType": "timestamp-millis"}, "long", "",
         "logical type timestamp-millis becomes none", "", ""),
    ],
)  # fmt: skip
def test_each_difference_has_its_words_and_what_it_means(
    old: Schema, new: Schema, path: str, text: str, backward: str, forward: str
) -> None:
    (difference,) = told(old, new)
    assert (difference.path, difference.text) == (path, text)
    assert difference.backward.partition(":")[0] == backward
    assert difference.forward.partition(":")[0] == forward


def test_what_is_the_same_has_none() -> None:
    node = record("Node", field("next", ["null", "Node"]), field("kind", enum("E", "A")))
    assert told(node, {**node, "doc": "A node."}) == []


def test_a_type_that_is_used_twice_is_told_once() -> None:
    def pair(size: int) -> Schema:
        return record("R", field("a", fixed("F", size)), field("b", "F"))

    assert [difference.text for difference in told(pair(2), pair(3))] == ["field a: F has 3 bytes instead of 2"]


def test_a_difference_inside_what_became_optional_is_told_too() -> None:
    old, new = array(enum("E", "A")), array(["null", enum("E", "B")])
    assert [difference.text for difference in told(old, new)] == [
        "elements: enum E becomes union of null and enum E",
        "elements: symbol B added in E",
        "elements: symbol A removed in E",
    ]


def test_a_mismatch_that_no_difference_explains_stands_on_its_own() -> None:
    """The new alias makes two old fields one."""
    old = record("R", field("old", "int"), field("new", "int"))
    new = record("R", field("new", "int", aliases=["old"]))
    found = told(old, new)
    assert any(difference.backward.startswith("field-alias") for difference in found)
