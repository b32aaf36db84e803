"""Mistakes that people make with upcasters, and upcasters that are right: one file each in tests/corpus/upcasters.

A mistake fails the checks that its file names (`FAILS`) and no other. What is right passes all; `UNKNOWN` are those for
which its file has no events on purpose.
"""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from harness.upcasters.checks import CHECKS, judge
from harness.upcasters.events import Recorded, read_events
from harness.upcasters.schemas import Schemas, read_schemas
from harness.upcasters.trials import try_upcasters
from harness.upcasters.user_code.process import Limits
from harness.verdict import Status, Verdict

CORPUS = Path(__file__).parents[2] / "corpus" / "upcasters"
FILES = sorted(file for file in CORPUS.glob("*/*.py") if file.stem != "__init__")
LIMITS = Limits(processor_s=0.5)


def constants(file: Path) -> dict[str, Any]:
    """What the file assigns in capitals, without running it: some of them are not to be run here."""
    return {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id in ("FAILS", "UNKNOWN", "EVENTS", "SCHEMAS")
    }


def judged(file: Path, folder: Path) -> tuple[Verdict, ...]:
    told = constants(file)
    recorded, schemas = Recorded(), Schemas()
    if "EVENTS" in told:
        (folder / "events.jsonl").write_text("\n".join(json.dumps(event) for event in told["EVENTS"]))
        recorded = read_events(folder / "events.jsonl")
    if "SCHEMAS" in told:
        for event_type, versions in told["SCHEMAS"].items():
            (folder / "schemas" / event_type).mkdir(parents=True)
            for version, schema in versions.items():
                (folder / "schemas" / event_type / f"{version}.json").write_text(json.dumps(schema))
        schemas = read_schemas(folder / "schemas")
    return judge(try_upcasters(str(file), recorded, schemas, LIMITS))


def names(verdicts: tuple[Verdict, ...], status: Status) -> set[str]:
    return {verdict.checker for verdict in verdicts if verdict.status is status}


def test_there_are_enough_of_both() -> None:
    for folder in ("mistakes", "healthy"):
        assert len([file for file in FILES if file.parent.name == folder]) >= 10


def test_each_check_has_a_mistake_to_find() -> None:
    found = {check for file in FILES for check in constants(file).get("FAILS", ())}
    assert found | {"recorded"} == set(CHECKS)


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_mistake_is_found_and_what_is_healthy_passes(file: Path, tmp_path: Path) -> None:
    told = constants(file)
    verdicts = judged(file, tmp_path)
    assert names(verdicts, Status.FAIL) == set(told.get("FAILS", ())), verdicts
    if file.parent.name == "healthy":
        assert names(verdicts, Status.UNKNOWN) == set(told.get("UNKNOWN", ())), verdicts
    else:
        assert told["FAILS"]
