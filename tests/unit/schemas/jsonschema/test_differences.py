"""What differs, and what each difference does by itself."""

from __future__ import annotations

import json

from harness.schemas.decision import Json
from harness.schemas.jsonschema import JsonSchemaFormat
from harness.schemas.optional import Difference, Differing

FORMAT = JsonSchemaFormat()
ORDER: dict[str, Json] = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "amount": {"type": "integer", "maximum": 10}},
    "required": ["id"],
}


def diff(old: Json, new: Json) -> dict[str, Difference]:
    parsed = (FORMAT.parse(json.dumps(each).encode()) for each in (old, new))
    return {difference.path: difference for difference in FORMAT.differences(*parsed)}


def changed(**keywords: Json) -> dict[str, Json]:
    return {**ORDER, **keywords}


def test_it_is_a_format_that_tells_differences() -> None:
    assert isinstance(FORMAT, Differing)


def test_what_means_the_same_has_none() -> None:
    assert diff(ORDER, dict(reversed(ORDER.items()))) == {}


def test_each_difference_is_judged_alone() -> None:
    new = changed(
        properties={"id": {"type": "string"}, "amount": {"type": "integer", "maximum": 20}}, required=["id", "amount"]
    )
    found = diff(ORDER, new)
    assert list(found) == ["/properties/amount/maximum", "/required"]
    wider, needed = found.values()
    assert wider.text == "10 becomes 20"
    assert not wider.backward
    assert wider.forward.startswith("incompatible: ")
    assert "witness" in wider.forward
    assert needed.text == '["id"] becomes ["id", "amount"]'
    assert needed.backward.startswith("incompatible: ")
    assert not needed.forward


def test_what_is_added_and_removed_is_told() -> None:
    found = diff(ORDER, {key: value for key, value in changed(minProperties=2).items() if key != "required"})
    assert {path: difference.text for path, difference in found.items()} == {
        "/minProperties": "added: 2",
        "/required": 'removed: ["id"]',
    }


def test_a_whole_schema_may_become_another() -> None:
    found = diff(True, False)
    assert found[""].text == "true becomes false"
    assert found[""].backward.startswith("incompatible: ")


def test_true_is_not_one_and_long_values_are_cut() -> None:
    assert list(diff({"const": 1}, {"const": True})) == ["/const"]
    assert len(diff({"const": ""}, {"const": "x" * 1000})["/const"].text) < 100


def test_a_difference_that_makes_no_schema_alone_says_so() -> None:
    old: Json = {"properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"type": "string"}}}
    new: Json = {"properties": {"a": {"$ref": "#/$defs/b"}}, "$defs": {"b": {"type": "string"}}}
    found = diff(old, new)
    assert "only together" in found["/properties/a/$ref"].backward
    assert found["/$defs/b"].backward == ""
