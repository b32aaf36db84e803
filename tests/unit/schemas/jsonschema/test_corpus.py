"""Seeded mistakes are found in the phase in which they bite, and healthy evolutions pass."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.schemas.decision import Compatibility, Decision, Json
from tests.unit.schemas.jsonschema.pairs import assert_witness, decide

CORPUS = Path(__file__).parents[3] / "corpus/jsonschema"


@dataclass(frozen=True)
class Case:
    """One file; `phase` is that of a deployment: replay, mixed or rollback."""

    name: str
    why: str
    phase: str
    old: Json
    new: Json
    expected: str
    rule: str = ""
    path: str = ""

    def readings(self) -> list[tuple[Json, Json]]:
        """Who reads whom: pairs of reader and writer."""
        backward, forward = (self.new, self.old), (self.old, self.new)
        return {"replay": [backward], "rollback": [forward], "mixed": [backward, forward]}[self.phase]

    def decide(self) -> Decision:
        """The first reading that is not safe, or the last."""
        for reader, writer in self.readings():
            decision = decide(reader=reader, writer=writer)
            if decision.compatibility is not Compatibility.COMPATIBLE:
                if decision.compatibility is Compatibility.INCOMPATIBLE:
                    assert_witness(decision, reader=reader, writer=writer)
                break
        return decision


CASES = [Case(**json.loads(file.read_text())) for file in sorted(CORPUS.glob("*.json"))]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_case_is_decided_as_expected(case: Case) -> None:
    decision = case.decide()
    assert decision.compatibility is Compatibility(case.expected), decision.reason
    assert (decision.rule, decision.path) == (case.rule, case.path)


def test_there_are_enough_of_both() -> None:
    expected = [case.expected for case in CASES]
    assert expected.count("incompatible") >= 20
    assert expected.count("compatible") >= 20
    assert len({case.name for case in CASES}) == len(CASES)
