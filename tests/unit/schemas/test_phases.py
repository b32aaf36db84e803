"""Which pairs a phase and a registry's mode ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.schemas.folder import SchemaFile
from harness.schemas.phases import Mode, Phase, Question, questions, questions_of_mode

VERSIONS = [SchemaFile("T", version, Path(f"{version}.avsc")) for version in ("1", "2", "3")]


def told(asked: list[Question]) -> list[str]:
    return [f"{each.phase}: {each.reader.version} reads {each.writer.version}" for each in asked]


def test_each_phase_asks_what_happens_in_it() -> None:
    assert told(list(questions(VERSIONS))) == [
        "replay: 3 reads 1",
        "replay: 3 reads 2",
        "mixed window: 3 reads 2",
        "mixed window: 2 reads 3",
        "rollback: 2 reads 3",
        "lagging consumers: 1 reads 3",
        "lagging consumers: 2 reads 3",
    ]


@pytest.mark.parametrize(("lag_max", "readers"), [(0, []), (1, ["2"]), (2, ["1", "2"]), (9, ["1", "2"])])
def test_consumers_lag_by_so_many_versions(lag_max: int, readers: list[str]) -> None:
    asked = [each for each in questions(VERSIONS, lag_max) if each.phase is Phase.LAG]
    assert [each.reader.version for each in asked] == readers


def test_a_first_version_reads_itself() -> None:
    assert told(list(questions(VERSIONS[:1]))) == ["replay: 1 reads 1"]


@pytest.mark.parametrize(
    ("mode", "asked"),
    [
        (Mode.NONE, []),
        (Mode.BACKWARD, ["backward: 3 reads 2"]),
        (Mode.FORWARD, ["forward: 2 reads 3"]),
        (Mode.FULL, ["backward: 3 reads 2", "forward: 2 reads 3"]),
        (Mode.BACKWARD_TRANSITIVE, ["backward: 3 reads 1", "backward: 3 reads 2"]),
        (Mode.FORWARD_TRANSITIVE, ["forward: 1 reads 3", "forward: 2 reads 3"]),
        (
            Mode.FULL_TRANSITIVE,
            ["backward: 3 reads 1", "forward: 1 reads 3", "backward: 3 reads 2", "forward: 2 reads 3"],
        ),
    ],
)
def test_modes_ask_what_registries_ask(mode: Mode, asked: list[str]) -> None:
    assert told(list(questions_of_mode(VERSIONS, mode))) == asked


@pytest.mark.parametrize("mode", Mode)
def test_a_registry_takes_any_first_version(mode: Mode) -> None:
    assert list(questions_of_mode(VERSIONS[:1], mode)) == []
