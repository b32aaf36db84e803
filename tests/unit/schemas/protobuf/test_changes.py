"""Differences in words, each with what it means for either direction."""

from __future__ import annotations

import pytest

from harness.schemas.optional import Difference
from harness.schemas.protobuf import Encoding, ProtobufFormat, ProtobufSchema
from tests.unit.schemas.protobuf.compiling import compiled, proto2, proto3

E = "enum E { A = 0; } E e = 1;"


def told(old: ProtobufSchema, new: ProtobufSchema, encoding: Encoding = Encoding.WIRE) -> list[Difference]:
    return list(ProtobufFormat(encoding).differences(old, new))


def rules(difference: Difference) -> tuple[str, str]:
    return difference.backward.partition(":")[0], difference.forward.partition(":")[0]


@pytest.mark.parametrize(
    ("old", "new", "text", "backward", "forward"),
    [
        ("int64 a = 1;", "int32 a = 1;", "field a = 1: int64 becomes int32", "range", ""),
        ("string a = 1;", "repeated string a = 1;", "field a = 1: string becomes repeated string", "", "cardinality"),
        ("int32 a = 1;", "optional int32 a = 1;", "field a = 1: int32 becomes optional int32", "", ""),
        ("int32 a = 1;", "int32 b = 1;", "field a = 1: is called b", "", ""),
        ("int32 a = 1;", 'int32 a = 1 [json_name = "b"];', "field a = 1: a becomes b in JSON", "", ""),
        ("int32 a = 1;", "", "field a = 1 (int32) is removed, its number is not reserved", "", ""),
        ("int32 a = 1;", "reserved 1;", "field a = 1 (int32) is removed, its number is reserved", "", ""),
        ("", "repeated int32 a = 1;", "field a = 1 (repeated int32) is added", "", ""),
        ("reserved 1;", "int32 a = 1;", "field a = 1 (int32) is added, its number was reserved", "", ""),
        ("int32 a = 1;", "int32 a = 2;", "field a: number 1 becomes 2", "number", "number"),
        ("string a = 1; string b = 2;", "string a = 1; oneof x { string b = 2; string c = 3; }",
         "field b = 2: independent becomes one of x", "", ""),
        (E, E.replace(";", "; B = 1;", 1), "field e = 1: symbol B = 1 is added", "", ""),
        (E.replace(";", "; B = 1;", 1), E, "field e = 1: symbol B = 1 is removed", "", ""),
        (E, E.replace("A", "B"), "field e = 1: symbol A = 0 is called B", "", ""),
    ],
)  # fmt: skip
def test_each_difference_has_its_words_and_what_it_means(
    old: str, new: str, text: str, backward: str, forward: str
) -> None:
    difference = told(proto3(old), proto3(new))[0]
    assert difference.text == text
    assert rules(difference) == (backward, forward)


def test_a_default_and_a_closed_enum_are_told() -> None:
    (default,) = told(proto2("optional int32 a = 1;"), proto2("optional int32 a = 1 [default = 5];"))
    assert (default.text, rules(default)) == ("field a = 1: default 0 becomes 5", ("default", "default"))
    (closed,) = told(proto3(E), proto2(E.replace("E e", "optional E e")))
    assert closed.text == "field e = 1: E becomes optional E, its enum is closed now"
    assert rules(closed) == ("enum-closed", "")


def test_json_is_told_apart() -> None:
    old, new = proto3("int32 a = 1;"), proto3("int32 b = 1;")
    (difference,) = told(old, new, Encoding.JSON)
    assert rules(difference) == ("json-name", "json-name")
    assert rules(told(old, new)[0]) == ("", "")


def test_what_is_within_messages_is_told_once_at_its_place() -> None:
    old, new = (
        proto3(f"message Money {{ {kind} cents = 1; }} Money net = 1; repeated Money items = 2; Money gross = 3;")
        for kind in ("int64", "int32")
    )
    (difference,) = told(old, new)
    assert difference.path == "Event.Money.cents"
    assert rules(difference) == ("range", "")


def test_fields_that_changed_their_numbers_among_themselves_are_told_as_such() -> None:
    found = told(proto3("string a = 1; string b = 2;"), proto3("string b = 1; string a = 2;"))
    assert {each.text for each in found} >= {"field a: number 1 becomes 2", "field b: number 2 becomes 1"}
    for each in found:
        assert rules(each) == (("number", "number") if "becomes" in each.text else ("", ""))


def test_what_is_the_same_has_none_and_another_package_is_one() -> None:
    assert told(proto3("int32 a = 1;"), proto3("int32 a = 1;")) == []
    old, new = (compiled(f'syntax = "proto3"; package {name}; message M {{ int32 a = 1; }}') for name in "ab")
    assert [each.text for each in told(old, new)] == ["message a.M becomes b.M"]
