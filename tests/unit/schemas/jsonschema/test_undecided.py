"""What is unknown, and that it says why; nothing crashes, nothing goes on for ever."""

from __future__ import annotations

import pytest

from harness.schemas.decision import Compatibility, Json
from tests.unit.schemas.jsonschema.pairs import NEW, compatible, decide, incompatible, unknown


@pytest.mark.parametrize(
    ("pattern", "named"),
    [
        ("\\bfoo\\b", "'\\b'"),
        ("^(foo|bar)-\\1$", "'\\1'"),
        ("(?<=a)foo", "a lookbehind"),
        ("^\\p{L}+foo$", "'\\p'"),
        ("^(?i)foo$", "'(?i'"),
        ("^(foo(?!b))+$", "repeats an anchor or a lookahead"),
    ],
)
def test_a_pattern_that_cannot_be_compared_is_named(pattern: str, named: str) -> None:
    decision = unknown(reader={"minLength": 3}, writer={"type": "string", "pattern": pattern, "minLength": 2})
    assert named in decision.reason
    assert repr(pattern) in decision.reason


@pytest.mark.parametrize("pattern", ["\\bfoo\\b", "^(foo|bar)-\\1$", "(?<=a)foo"])
def test_a_pattern_that_cannot_be_compared_is_tried(pattern: str) -> None:
    incompatible(reader={"pattern": pattern}, writer={"type": "string"})
    incompatible(reader={"maxLength": 2}, writer={"type": "string", "pattern": pattern})


def test_properties_of_unicode_are_tried_though_not_every_engine_has_them() -> None:
    decision = decide(reader={"maxLength": 2}, writer={"type": "string", "pattern": "^\\p{L}{3}$"})
    assert decision.compatibility is Compatibility.INCOMPATIBLE


def test_the_same_pattern_is_the_same_whatever_it_means() -> None:
    pattern = "(?<=a)foo"
    compatible(reader={"pattern": pattern}, writer={"type": "string", "pattern": pattern, "maxLength": 9})
    incompatible(reader={"pattern": pattern, "maxLength": 9}, writer={"type": "string", "pattern": pattern})


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|a)*$", "^(a|b)*a(a|b){3}$", "^((a*)*)*$"])
def test_patterns_that_ruin_others_are_quickly_compared(pattern: str) -> None:
    compatible(reader={"pattern": "^[ab]*$"}, writer={"type": "string", "pattern": pattern})
    incompatible(reader={"pattern": pattern}, writer={"type": "string", "pattern": "^[ab]*$|c"})


def test_a_pattern_with_too_many_states_is_given_up() -> None:
    decision = unknown(reader={"pattern": "^[ab]*$"}, writer={"type": "string", "pattern": "^(a|b)*a(a|b){18}$"})
    assert "given up after 40,000 steps" in decision.reason


@pytest.mark.parametrize(
    ("writer", "reader", "reason"),
    [
        ({"maxLength": 10**9}, {"maxLength": 10**9 - 1}, "it takes a string of 1,000,000,000 characters"),
        ({"maxItems": 10**6}, {"maxItems": 10**6 - 1}, "it takes an array of 1,000,000 items"),
        ({"maxProperties": 10**6}, {"maxProperties": 10**6 - 1}, "it takes an object of 1,000,000 properties"),
        (
            {"type": "array", "minItems": 400, "uniqueItems": True},
            {"minItems": 401},
            "it takes 400 different items",
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_witness_too_large_to_make_is_named(writer: Json, reader: Json, reason: str) -> None:
    assert reason in unknown(reader=reader, writer=writer).reason


def test_bounds_beyond_floating_point_are_compared() -> None:
    compatible(reader={"maximum": 10**40}, writer={"type": "integer", "maximum": 10**40 - 1})
    decision = incompatible(reader={"maximum": 10**40 - 1}, writer={"type": "integer", "minimum": 10**40})
    assert decision.witness is not None
    assert decision.witness.event == 10**40


def test_a_number_that_cannot_be_written_is_no_witness() -> None:
    narrow: Json = {"type": "number", "exclusiveMinimum": 1, "exclusiveMaximum": 1.0000000000000002}
    assert "no number was found that can be written" in unknown(reader={"type": "string"}, writer=narrow).reason


def nested(depth: int, innermost: Json) -> Json:
    schema = innermost
    for _ in range(depth):
        schema = {"properties": {"a": schema}}
    return schema


def test_deep_schemas_are_compared_or_named() -> None:
    compatible(reader=nested(50, {"type": "number"}), writer=nested(50, {"type": "integer"}))
    incompatible(reader=nested(50, {"type": "integer"}), writer=nested(50, {"type": "number"}))
    deep = unknown(reader=nested(120, {"type": "number"}), writer=nested(120, {"type": "integer"}))
    assert "nested too deeply" in deep.reason


def test_too_many_alternatives_of_what_is_evaluated_are_named() -> None:
    alternatives: list[Json] = [{"properties": {f"p{number}": {}}} for number in range(9)]
    many: Json = {"$schema": NEW, "anyOf": alternatives, "unevaluatedProperties": False}
    wider: Json = {"$schema": NEW, "anyOf": [*alternatives, {"type": "null"}], "unevaluatedProperties": False}
    decision = unknown(reader=wider, writer=many)
    assert decision.reason.startswith("/unevaluatedProperties: what is evaluated are more than")
    # What is written the same means the same.
    compatible(reader={"allOf": [many]}, writer={"allOf": [many], "maxProperties": 3})


def test_many_kinds_told_by_a_constant_are_compared() -> None:
    def kind(number: int) -> Json:
        return {"properties": {"kind": {"const": f"k{number}"}, f"p{number}": {"type": "string"}}, "required": ["kind"]}

    fewer: Json = {"type": "object", "oneOf": [kind(number) for number in range(30)]}
    more: Json = {"type": "object", "oneOf": [kind(number) for number in range(31)]}
    compatible(reader=more, writer=fewer)
    assert incompatible(reader=fewer, writer=more).rule == "sum-type-narrowed"
