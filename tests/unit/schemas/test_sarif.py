"""SARIF, held against what its specification and GitHub's code scanning require of the parts that are used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.schemas.avro import AvroFormat
from harness.schemas.checking import check_folder, check_pair
from harness.schemas.folder import read_folder
from harness.schemas.report.sarif import sarif
from tests.unit.schemas.avro.shapes import field, record
from tests.unit.schemas.samples import ORDER_1, ORDER_2, ORDER_WIDER, write_folder, write_schema

TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
LOCATION = {
    "type": "object",
    "required": ["physicalLocation"],
    "properties": {
        "id": {"type": "integer", "minimum": 0},
        "message": TEXT,
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation", "region"],
            "additionalProperties": False,
            "properties": {
                "artifactLocation": {
                    "type": "object",
                    "required": ["uri"],
                    "additionalProperties": False,
                    "properties": {
                        "uri": {"type": "string", "format": "uri-reference", "pattern": "^(?!/)[^\\\\ ]+$"},
                        "uriBaseId": {"const": "%SRCROOT%"},
                    },
                },
                "region": {
                    "type": "object",
                    "required": ["startLine"],
                    "additionalProperties": False,
                    "properties": {"startLine": {"type": "integer", "minimum": 1}},
                },
            },
        },
    },
    "additionalProperties": False,
}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
REQUIRED = {
    "type": "object",
    "required": ["$schema", "version", "runs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"const": "https://json.schemastore.org/sarif-2.1.0.json"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "minItems": 1,
            "maxItems": 20,
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "additionalProperties": False,
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name", "semanticVersion", "rules"],
                                "properties": {
                                    "rules": {
                                        "type": "array",
                                        "items": {
                                            "type": "object",
                                            "required": ["id", "shortDescription", "fullDescription", "help"],
                                            "additionalProperties": False,
                                            "properties": {
                                                "id": {"type": "string", "maxLength": 255},
                                                "shortDescription": TEXT,
                                                "fullDescription": TEXT,
                                                "help": TEXT,
                                                "defaultConfiguration": {"properties": {"level": LEVEL}},
                                            },
                                        },
                                    }
                                },
                            }
                        },
                    },
                    "results": {
                        "type": "array",
                        "maxItems": 25000,
                        "items": {
                            "type": "object",
                            "required": ["ruleId", "message", "locations", "partialFingerprints"],
                            "additionalProperties": False,
                            "properties": {
                                "ruleId": {"type": "string"},
                                "level": LEVEL,
                                "message": TEXT,
                                "locations": {"type": "array", "minItems": 1, "maxItems": 1, "items": LOCATION},
                                "relatedLocations": {"type": "array", "items": LOCATION},
                                "partialFingerprints": {
                                    "type": "object",
                                    "minProperties": 1,
                                    "additionalProperties": {"type": "string"},
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}
AVRO = AvroFormat()


def run_of(text: str) -> Any:
    document = json.loads(text)
    jsonschema.validate(document, REQUIRED, jsonschema.Draft202012Validator)
    (run,) = document["runs"]
    ids = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert {result["ruleId"] for result in run["results"]} == ids
    return run


def folder_run(path: Path) -> Any:
    return run_of(sarif(check_folder(AVRO, read_folder(path)), AVRO.rules(), path.resolve()))


def place(location: Any) -> tuple[str, int]:
    physical = location["physicalLocation"]
    return physical["artifactLocation"]["uri"], physical["region"]["startLine"]


def test_a_result_points_at_the_line_of_the_newer_version(tmp_path: Path) -> None:
    write_folder(tmp_path, {"OrderPlaced": {"1": ORDER_1, "2": ORDER_WIDER}})
    (result,) = folder_run(tmp_path)["results"]
    lines = (tmp_path / "OrderPlaced/2.avsc").read_text().splitlines()
    assert place(result["locations"][0]) == ("OrderPlaced/2.avsc", lines.index('   "type": "long"') + 1)
    assert place(result["relatedLocations"][0])[0] == "OrderPlaced/1.avsc"
    assert (result["ruleId"], result["level"]) == ("avro/type", "error")


def test_its_message_names_phases_versions_reason_and_witness(tmp_path: Path) -> None:
    write_folder(tmp_path, {"OrderPlaced": {"1": ORDER_1, "2": ORDER_WIDER}})
    (result,) = folder_run(tmp_path)["results"]
    message = result["message"]["text"]
    assert message.startswith(
        "mixed window, rollback, lagging consumers: OrderPlaced 1 does not read all that 2 writes"
    )
    assert "the writer's long is not read as int" in message
    assert '"cents": 2147483648' in message


def test_what_is_compatible_has_no_result(tmp_path: Path) -> None:
    write_folder(tmp_path, {"OrderPlaced": {"1": ORDER_1, "2": ORDER_2}})
    assert folder_run(tmp_path)["results"] == []


def test_a_file_that_is_no_schema_is_a_result_on_its_line(tmp_path: Path) -> None:
    write_folder(tmp_path, {"Order Placed": {"1": ORDER_1}})
    (tmp_path / "Order Placed/2.avsc").write_text('{"type":\n "enum",\n "name": "é!"}')
    (result,) = folder_run(tmp_path)["results"]
    assert result["ruleId"] == "invalid-schema"
    assert place(result["locations"][0]) == ("Order%20Placed/2.avsc", 3)


def test_what_is_unknown_is_a_warning(tmp_path: Path) -> None:
    old, new = record("a.Old"), record("b.New", aliases=["Old"])
    write_folder(tmp_path, {"Order": {"1": old, "2": new}})
    levels = {(result["ruleId"], result["level"]) for result in folder_run(tmp_path)["results"]}
    assert ("avro/name", "warning") in levels


def test_a_fingerprint_stays_when_lines_move(tmp_path: Path) -> None:
    write_folder(tmp_path, {"OrderPlaced": {"1": ORDER_1, "2": ORDER_WIDER}})
    (before,) = folder_run(tmp_path)["results"]
    file = tmp_path / "OrderPlaced/2.avsc"
    file.write_text("\n\n" + file.read_text())
    (after,) = folder_run(tmp_path)["results"]
    assert before["partialFingerprints"] == after["partialFingerprints"]
    assert place(after["locations"][0])[1] == place(before["locations"][0])[1] + 2


def test_a_file_outside_of_the_checkout_has_its_whole_address(tmp_path: Path) -> None:
    reader = write_schema(tmp_path / "r.avsc", "int")
    writer = write_schema(tmp_path / "w.avsc", "long")
    base = tmp_path / "checkout"
    base.mkdir()
    (result,) = run_of(sarif(check_pair(AVRO, reader, writer), (), base.resolve()))["results"]
    assert place(result["locations"][0])[0] == reader.resolve().as_uri()


@pytest.mark.parametrize("text", ["</script>", "\u2028", '"\\'])
def test_what_a_schema_says_stays_text(tmp_path: Path, text: str) -> None:
    new = record("OrderPlaced", field("id", "string"), field("note", "string", default=text))
    write_folder(tmp_path, {"OrderPlaced": {"1": new, "2": record("OrderPlaced", field("id", "int"))}})
    assert folder_run(tmp_path)["results"]
