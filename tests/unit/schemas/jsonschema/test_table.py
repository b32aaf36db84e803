"""The public table of 116 pairs: where the decision differs from it, there is a witness or a proof."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from harness.schemas.decision import Compatibility, Decision, Json
from tests.unit.schemas.jsonschema.pairs import assert_witness, decide

TABLE = Path(__file__).parents[4] / "../shared/data/schema-compatibility/jsonschema.json"

WHERE_THE_TABLE_IS_WRONG = {
    42: "the writer admits nothing",
    53: "a longer array's first item is an integer too",
    72: "the writer admits nothing",
    73: "the writer admits nothing",
    79: "every string has a match of a*, if an empty one",
    105: "the schema of the pattern's properties admits everything",
    108: "the schema of the property admits everything",
}
"""Pairs that it says are incompatible, and that no document disproves."""


@dataclass(frozen=True)
class Row:
    index: int
    reader: Json
    writer: Json
    said: bool
    decision: Decision

    @property
    def agrees(self) -> bool:
        return self.said == (self.decision.compatibility is Compatibility.COMPATIBLE)

    def __str__(self) -> str:
        decision = self.decision
        said = "compatible" if self.said else "incompatible"
        proof = decision.reason if decision.witness is None else f"witness {json.dumps(decision.witness.event)}"
        agrees = "agrees" if self.agrees else "DIFFERS"
        effort = f"{decision.effort.directed} directed, {decision.effort.generated} generated"
        where = f"{decision.rule} at {decision.path or '/'}" if decision.rule else "-"
        return f"{self.index:3} {agrees:7} {said:12} {decision.compatibility.value:12} {where} | {proof} | {effort}"


@cache
def rows() -> tuple[Row, ...]:
    pairs = json.loads(TABLE.read_text())
    return tuple(
        Row(
            index,
            pair["reader"],
            pair["writer"],
            pair["compatible"],
            decide(reader=pair["reader"], writer=pair["writer"]),
        )
        for index, pair in enumerate(pairs)
    )


pytestmark = pytest.mark.skipif(not TABLE.exists(), reason=f"{TABLE.name} of the shared data is not here")


def test_nothing_is_unknown() -> None:
    assert [str(row) for row in rows() if row.decision.compatibility is Compatibility.UNKNOWN] == []


def test_each_incompatibility_has_a_witness_for_both_validators() -> None:
    found = [row for row in rows() if row.decision.compatibility is Compatibility.INCOMPATIBLE]
    for row in found:
        assert_witness(row.decision, reader=row.reader, writer=row.writer)
        assert row.decision.rule
    assert len(found) > 30


def test_each_difference_from_the_table_is_argued(tmp_path: Path) -> None:
    agreement = tmp_path / "agreement.txt"
    agreement.write_text("\n".join(map(str, rows())) + "\n")
    different = [row for row in rows() if not row.agrees]
    assert {row.index for row in different} == WHERE_THE_TABLE_IS_WRONG.keys()
    for row in different:
        assert row.decision.compatibility is Compatibility.COMPATIBLE
        assert "proved" in row.decision.reason or "admits no event" in row.decision.reason
    assert agreement.read_text().count("DIFFERS") == len(WHERE_THE_TABLE_IS_WRONG)
