from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from harness.errors import InvalidInput
from harness.reporting import json_report
from harness.verdict import Status, Verdict
from tests.unit.reporting import runs

SCHEMA = Path(__file__).parents[3] / "docs" / "verdict.schema.json"
RUNS = [runs.healthy_canary, runs.rolled_back_canary, runs.unknown_blue_green]


def _written(run: runs.Run) -> bytes:
    return json_report.render(json_report.document(run.history.facts, run.verdicts, run.options))


def test_the_documented_schema_is_that_of_the_code() -> None:
    assert SCHEMA.read_bytes() == json_report.schema()


@pytest.mark.parametrize("make", RUNS)
def test_a_document_agrees_with_the_schema(make: Callable[[], runs.Run]) -> None:
    schema = json.loads(SCHEMA.read_bytes())
    document = json.loads(_written(make()))
    jsonschema.Draft202012Validator(schema).validate(document)
    del document["run"]["seed"]
    with pytest.raises(jsonschema.ValidationError, match="'seed' is a required property"):
        jsonschema.Draft202012Validator(schema).validate(document)


@pytest.mark.parametrize("make", RUNS)
def test_what_is_read_back_is_what_the_checkers_said(make: Callable[[], runs.Run], tmp_path: Path) -> None:
    run = make()
    file = tmp_path / "verdict.json"
    file.write_bytes(_written(run))
    read = json_report.read(file)
    assert read.verdicts() == run.verdicts
    assert json_report.render(read) == _written(run)


def test_the_first_violation_among_equals_decides() -> None:
    run = runs.healthy_canary()
    verdicts = (
        Verdict("late", Status.FAIL, "late reason", first_violation_s=5.0),
        Verdict("never timed", Status.FAIL, "no time"),
        Verdict("early", Status.FAIL, "early reason", first_violation_s=2.0),
        Verdict("open", Status.UNKNOWN, "cannot tell", first_violation_s=1.0),
    )
    document = json_report.document(run.history.facts, verdicts, {})
    assert (document.status, document.decided_by, document.reason) == ("fail", "early", "early: early reason")


def test_no_verdict_is_unknown() -> None:
    document = json_report.document(runs.FACTS, (), {})
    assert (document.status, document.decided_by) == ("unknown", None)


def test_a_figure_that_is_not_finite_is_null() -> None:
    verdict = Verdict("c", Status.PASS, "r", {"ratio": float("inf"), "share": float("nan")})
    document = json.loads(json_report.render(json_report.document(runs.FACTS, (verdict,), {})))
    assert document["checkers"][0]["figures"] == {"ratio": None, "share": None}


@pytest.mark.parametrize("content", [b"", b"{}", b'{"format": "other"}', b"[1"])
def test_another_file_is_refused_by_name(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "verdict.json"
    file.write_bytes(content)
    with pytest.raises(InvalidInput, match=r"verdict\.json: not a verdict document"):
        json_report.read(file)


def test_an_absent_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"verdict\.json: not a verdict document"):
        json_report.read(tmp_path / "verdict.json")
