"""Lists of pairs: each has its turn, whatever the others are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import InvalidInput
from harness.schemas.avro import AvroFormat
from harness.schemas.decision import Decision, Json
from harness.schemas.pairs import check_pairs
from tests.unit.schemas.samples import WordFormat


def verdicts(file: Path, pairs: Json) -> list[str]:
    file.write_text(json.dumps(pairs))
    found = []
    for number, pair in enumerate(check_pairs(AvroFormat(), file)):
        assert pair.index == number
        found.append(pair.outcome.compatibility.value if isinstance(pair.outcome, Decision) else str(pair.outcome))
    return found


def test_schemas_stand_there_as_json_or_as_its_text(tmp_path: Path) -> None:
    array: dict[str, Json] = {"type": "array", "items": "int"}
    found = verdicts(
        tmp_path / "pairs.json",
        [
            {"reader": "long", "writer": "int"},
            {"reader": '"int"', "writer": "long"},
            {"reader": json.dumps(array), "writer": array},
            {"reader": ["null", "int"], "writer": "null"},
        ],
    )
    assert found == ["compatible", "incompatible", "compatible", "compatible"]


def test_a_text_that_is_no_json_is_taken_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "pairs.json").write_text('[{"reader": "message A {}", "writer": "message A {}"}]')
    (pair,) = check_pairs(WordFormat(), tmp_path / "pairs.json")
    assert isinstance(pair.outcome, Decision)
    assert pair.outcome.reason == "the same word"


def test_a_broken_pair_is_told_in_its_turn_and_the_rest_decided(tmp_path: Path) -> None:
    file = tmp_path / "pairs.json"
    pairs: list[Json] = [
        {"reader": "long", "writer": "int"},
        {"reader": {"type": "record", "name": "R", "fields": [{"name": "a", "type": "strng"}]}, "writer": "int"},
        {"reader": "int"},
        7,
        {"reader": "int", "writer": "long"},
    ]
    first, second, third, fourth, last = verdicts(file, pairs)
    assert (first, last) == ("compatible", "incompatible")
    assert second.startswith(f"{file}: pair 1, reader: at /fields/0/type: unknown type 'strng'")
    assert third == f"{file}: pair 2, 'writer' is missing"
    assert fourth.startswith(f"{file}: pair 3, must be an object")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"reader": 1}', "must be a list"),
        (b"[\n{]", "pairs.json:2: is not JSON"),
        (b"[" * 100_000, "is not JSON that can be read"),
        (b'["\xff"]', "is not JSON that can be read"),
    ],
)
def test_a_file_that_is_no_list_is_invalid(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "pairs.json").write_bytes(content)
    with pytest.raises(InvalidInput, match=message):
        list(check_pairs(AvroFormat(), tmp_path / "pairs.json"))


def test_a_schema_of_50_mb_does_not_stop_the_rest(tmp_path: Path) -> None:
    huge: Json = {"type": "enum", "name": "E", "symbols": ["A" * (50 << 20)]}
    huge_pair, other = verdicts(
        tmp_path / "pairs.json", [{"reader": huge, "writer": "int"}, {"reader": "int", "writer": "int"}]
    )
    assert "is a schema of 50.0 MiB; at most 2 MiB are read" in huge_pair
    assert other == "compatible"
