"""Mistakes that people make with Protobuf, and evolutions that are right: one file each in tests/corpus/protobuf."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from harness.schemas.decision import Compatibility
from harness.schemas.protobuf import Encoding, ProtobufFormat
from tests.unit.schemas.protobuf.compiling import compiled

CORPUS = Path(__file__).parents[3] / "corpus" / "protobuf"
FILES = sorted(CORPUS.glob("*/*.toml"))
WAYS = {
    "backward": (Encoding.WIRE, "new", "old"),
    "forward": (Encoding.WIRE, "old", "new"),
    "json_backward": (Encoding.JSON, "new", "old"),
    "json_forward": (Encoding.JSON, "old", "new"),
}


def case(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text())


def test_there_are_enough_of_both() -> None:
    for folder in ("mistakes", "healthy"):
        assert len([file for file in FILES if file.parent.name == folder]) >= 12


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_it_is_decided_as_it_is_known_to_be(file: Path) -> None:
    told = case(file)
    assert told["expected"].keys() <= WAYS.keys()
    for way, expected in told["expected"].items():
        encoding, reader, writer = WAYS[way]
        decision = ProtobufFormat(encoding).decide(compiled(told[reader]), compiled(told[writer]))
        found = {"verdict": decision.compatibility.value, "rule": decision.rule, "path": decision.path}
        assert {key: value for key, value in found.items() if value} == expected, (way, decision)
        assert (decision.witness is not None) == (decision.compatibility is Compatibility.INCOMPATIBLE)


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_mistake_fails_in_one_way_at_least_and_what_is_healthy_is_read_by_the_new_version(file: Path) -> None:
    verdicts = {way: expected["verdict"] for way, expected in case(file)["expected"].items()}
    if file.parent.name == "mistakes":
        assert "incompatible" in verdicts.values()
    else:
        assert verdicts["backward"] == "compatible"


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
@pytest.mark.parametrize("encoding", Encoding)
def test_each_of_its_versions_reads_what_it_wrote_itself(file: Path, encoding: Encoding) -> None:
    for version in ("old", "new"):
        schema = compiled(case(file)[version])
        decision = ProtobufFormat(encoding).decide(schema, schema)
        assert decision.compatibility is Compatibility.COMPATIBLE, decision
        assert decision.effort.generated > 0
