"""What a decision says beside its verdict: the witness, the value that is read, effort and notes."""

from __future__ import annotations

import pytest

from harness.schemas.decision import Compatibility, Decision
from harness.schemas.protobuf import Encoding, ProtobufFormat, ProtobufSchema
from tests.unit.schemas.protobuf.compiling import compiled, proto2, proto3

COMPATIBLE, INCOMPATIBLE = Compatibility.COMPATIBLE, Compatibility.INCOMPATIBLE


def decide(reader: ProtobufSchema, writer: ProtobufSchema, encoding: Encoding = Encoding.WIRE) -> Decision:
    return ProtobufFormat(encoding).decide(reader, writer)


def test_the_value_that_is_read_is_shown() -> None:
    decision = decide(proto3("int32 cents = 1;"), proto3("int64 cents = 1;"))
    assert decision.reason == "Event.cents: 2147483648 was written, -2147483648 is read"
    assert decision.witness is not None
    assert decision.witness.event == {"cents": "2147483648"}
    assert bytes.fromhex(decision.witness.encoded_hex) == b"\x08\x80\x80\x80\x80\x08"


def test_the_runtime_s_own_words_are_the_refusal() -> None:
    decision = decide(proto3("string text = 1;"), proto3("bytes text = 1;"))
    assert decision.witness is not None
    assert decision.witness.refusal.startswith("DecodeError: ")
    assert "UTF-8" in decision.witness.refusal


def test_what_is_required_and_missing_is_named() -> None:
    decision = decide(proto2("required int32 a = 1;"), proto2("optional int32 b = 2;"))
    assert (decision.rule, decision.path) == ("required", "Event.a")
    assert "not initialized: a is required" in decision.reason


def test_the_search_is_the_same_each_time() -> None:
    pair = proto3("map<string, double> a = 1; repeated int64 b = 2;"), proto3("map<string, float> a = 1;")
    assert decide(*pair) == decide(*pair)


def test_effort_tells_directed_events_from_those_by_chance() -> None:
    same = decide(proto3("int32 a = 1;"), proto3("int32 a = 1;"))
    assert (same.effort.directed, same.effort.generated > 0) == (0, True)
    assert decide(proto3("int64 a = 1;"), proto3("int32 a = 1;")).effort.directed > 0


def test_all_that_is_misread_is_told() -> None:
    old = proto3("int64 a = 1; string b = 2; bytes c = 3;")
    decision = decide(proto3("int32 a = 1; int32 b = 2; string c = 3;"), old)
    assert decision.path == "Event.a"
    assert [note.partition(":")[0] for note in decision.notes if note.startswith("also")] == [
        "also type at Event.b",
        "also string-bytes at Event.c",
    ]


def test_a_message_that_requires_itself_has_no_events_and_that_is_unknown() -> None:
    endless = compiled('syntax = "proto2"; message Event { required Event next = 1; }')
    decision = decide(endless, endless)
    assert decision.compatibility is Compatibility.UNKNOWN
    assert "requires itself" in decision.reason


def test_what_cannot_be_in_any_event_does_not_decide() -> None:
    old = proto2("message M { required M next = 1; optional int64 n = 2; } optional M m = 1; optional int32 a = 2;")
    new = proto2("message M { required M next = 1; optional int32 n = 2; } optional M m = 1; optional int32 a = 2;")
    assert decide(new, old).compatibility is COMPATIBLE


def test_more_differences_than_can_be_searched_are_unknown() -> None:
    old = "".join(f"int32 f{number} = {number};" for number in range(1, 900))
    decision = decide(proto3(old.replace("int32", "int64")), proto3(old))
    assert decision.compatibility is Compatibility.UNKNOWN
    assert "differences were not searched" in decision.reason


def test_schemas_of_another_format_are_no_input() -> None:
    class Other:
        name = "other"

    with pytest.raises(TypeError):
        ProtobufFormat().decide(Other(), proto3("int32 a = 1;"))


# ── what is read right ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("writer", "reader"),
    [
        ("int32 a = 1;", "int64 a = 1;"),
        ("uint32 a = 1;", "uint64 a = 1;"),
        ("uint32 a = 1;", "int64 a = 1;"),
        ("bool a = 1;", "uint32 a = 1;"),
        ("sint32 a = 1;", "sint64 a = 1;"),
        ("string a = 1;", "bytes a = 1;"),
        ("message M { string s = 1; } M a = 1;", "bytes a = 1;"),
        ("int32 a = 1;", "repeated int32 a = 1;"),
        ("map<string, int32> a = 1;", "map<string, int64> a = 1;"),
        ("map<string, int32> a = 1;", "map<bool, int32> b = 2;"),
        ("enum E { A = 0; } E a = 1;", "enum E { A = 0; } int32 a = 1;"),
        ("int32 a = 1;", "enum E { A = 0; } E a = 1;"),
    ],
)
def test_it_is_compatible(writer: str, reader: str) -> None:
    assert decide(proto3(reader), proto3(writer)).compatibility is COMPATIBLE


@pytest.mark.parametrize(
    ("writer", "reader", "rule"),
    [
        ("int64 a = 1;", "int32 a = 1;", "range"),
        ("uint32 a = 1;", "int32 a = 1;", "range"),
        ("int32 a = 1;", "bool a = 1;", "range"),
        ("fixed32 a = 1;", "sfixed32 a = 1;", "range"),
        ("sint64 a = 1;", "sint32 a = 1;", "range"),
        ("int32 a = 1;", "fixed32 a = 1;", "type"),
        ("fixed32 a = 1;", "float a = 1;", "type"),
        ("fixed64 a = 1;", "double a = 1;", "type"),
        ("bytes a = 1;", "message M { string s = 1; } M a = 1;", "type"),
        ("message M { string s = 1; } M a = 1;", "string a = 1;", "type"),
        ("message M { int64 n = 1; } M a = 1;", "message M { int32 n = 1; } M a = 1;", "range"),
        ("repeated int32 a = 1;", "int32 a = 1;", "cardinality"),
        ("repeated bytes a = 1;", "bytes a = 1;", "cardinality"),
        ("map<int64, bool> a = 1;", "map<int32, bool> a = 1;", "range"),
    ],
)
def test_it_is_incompatible(writer: str, reader: str, rule: str) -> None:
    decision = decide(proto3(reader), proto3(writer))
    assert (decision.compatibility, decision.rule) == (INCOMPATIBLE, rule)


def test_of_a_map_it_is_said_whether_the_key_or_the_value_is_misread() -> None:
    assert decide(proto3("map<int32, bool> a = 1;"), proto3("map<int64, bool> a = 1;")).path == "Event.AEntry.key"
    enum = "enum E {{ A = 0; {} }} map<string, E> a = 1;"
    decision = decide(proto2(enum.format("")), proto2(enum.format("B = 1;")))
    assert (decision.rule, decision.path) == ("enum-values", "Event.AEntry.value")


def test_extensions_are_fields_too() -> None:
    text = 'syntax = "proto2"; message Event {{ extensions 100 to 199; }} extend Event {{ optional {} more = 100; }}'
    old, new = compiled(text.format("int64")), compiled(text.format("int32"))
    decision = decide(new, old)
    assert (decision.rule, decision.path) == ("range", "more")
    assert decide(old, new).compatibility is COMPATIBLE


# ── JSON, and notes ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_decision_for_the_wire_says_what_comes_of_json() -> None:
    decision = decide(proto3("string holder = 1;"), proto3("string owner = 1;"))
    assert decision.compatibility is COMPATIBLE
    assert any(note.startswith("in JSON incompatible: json-name at Event.holder") for note in decision.notes)
    assert any("Event.holder: was owner" in note for note in decision.notes)


def test_what_only_json_reads_is_decided_for_json() -> None:
    pair = proto3("sint64 a = 1;"), proto3("int32 a = 1;")
    assert decide(*pair).compatibility is INCOMPATIBLE
    assert decide(*pair, Encoding.JSON).compatibility is COMPATIBLE


def test_a_witness_in_json_has_no_bytes() -> None:
    decision = decide(proto3("bytes a = 1;"), proto3("string a = 1;"), Encoding.JSON)
    assert decision.witness is not None
    assert not decision.witness.encoded_hex


def notes(reader: ProtobufSchema, writer: ProtobufSchema) -> str:
    return "\n".join(decide(reader, writer).notes)


def test_a_number_that_is_free_again_is_noted() -> None:
    assert "Event.b: number 2 is unknown to the reader" in notes(
        proto3("int32 a = 1;"), proto3("int32 a = 1; int32 b = 2;")
    )
    reserved = proto3('int32 a = 1; reserved 2; reserved "b";')
    assert "Event.b" not in notes(reserved, proto3("int32 a = 1; int32 b = 2;"))


def test_a_reserved_number_that_is_used_again_is_noted() -> None:
    told = notes(proto3("int32 a = 1; int32 c = 2;"), proto3('int32 a = 1; reserved 2; reserved "b";'))
    assert "Event.c: the writer reserves its number 2" in told


def test_a_reserved_name_that_is_used_again_is_noted() -> None:
    told = notes(proto3("int32 b = 3;"), proto3('int32 a = 1; reserved 2; reserved "b";'))
    assert "Event.b: the writer reserves its name 'b'" in told


def test_what_an_any_holds_is_said_to_be_left_out() -> None:
    holder = compiled(
        'syntax = "proto3"; import "google/protobuf/any.proto"; message E { google.protobuf.Any any = 1; }'
    )
    assert "E.any: what an Any holds is not looked into" in notes(holder, holder)


def test_a_symbol_without_a_name_is_noted() -> None:
    old, new = (proto3(f"enum E {{ A = 0; {more} }} E a = 1;") for more in ("", "B = 1;"))
    assert "Event.a: B = 1 has no name here" in notes(old, new)
    assert "has no name" not in notes(new, old)
