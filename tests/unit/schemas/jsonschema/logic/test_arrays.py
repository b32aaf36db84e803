"""Items that must differ are matched to values; counted items are placed."""

from __future__ import annotations

import pytest

from harness.schemas.decision import Json
from harness.schemas.jsonschema.logic.array_values import matching
from tests.unit.schemas.jsonschema.pairs import NEW, compatible, incompatible


def test_a_matching_moves_others_out_of_the_way() -> None:
    assert matching({0: ["a", "b"], 1: ["a"], 2: ["b", "c"]}) == {0: 1, 1: 0, 2: 1}


def test_there_is_no_matching_of_three_to_two() -> None:
    assert matching({0: ["a", "b"], 1: ["a", "b"], 2: ["b", "a"]}) is None


def test_different_items_that_must_differ_are_found_if_there_are_any() -> None:
    def tight(*items: list[Json]) -> Json:
        return {
            "$schema": NEW,
            "type": "array",
            "prefixItems": [{"enum": values} for values in items],
            "minItems": len(items),
            "items": False,
            "uniqueItems": True,
        }

    assert "no event" in compatible(reader={"type": "null"}, writer=tight([1, 2], [1, 2], [2, 1])).reason
    decision = incompatible(reader={"type": "null"}, writer=tight([1, 2], [1], [2, 3]))
    assert decision.witness is not None
    assert decision.witness.event == [2, 1, 3]


@pytest.mark.parametrize("length", [2, 5])
def test_equal_items_are_found_where_some_may_be_equal(length: int) -> None:
    different: Json = {"$schema": NEW, "type": "array", "uniqueItems": True}
    prefix: Json = {"$schema": NEW, "type": "array", "prefixItems": [{"const": 1}, {"const": 2}], "maxItems": length}
    if length == 2:
        compatible(reader=different, writer=prefix)
    else:
        decision = incompatible(reader=different, writer=prefix)
        assert decision.path == "/uniqueItems"


def test_items_of_two_kinds_are_counted_apart() -> None:
    writer: Json = {
        "$schema": NEW,
        "type": "array",
        "allOf": [
            {"contains": {"multipleOf": 2, "type": "integer"}, "minContains": 2},
            {"contains": {"multipleOf": 3, "type": "integer"}, "minContains": 2, "maxContains": 2},
        ],
        "maxItems": 3,
    }
    # Two of the even ones and two of threes make three items if one is both.
    decision = incompatible(reader={"type": "array", "maxItems": 1}, writer=writer)
    assert decision.witness is not None
    compatible(reader={"type": "array", "minItems": 2}, writer=writer)
