"""The bar: the public table of Avro pairs, all as it says, each refusal with an event that fastavro refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.schemas.decision import Decision
from tests.unit.schemas.avro.shapes import COMPATIBLE, INCOMPATIBLE, Schema, decide, decoded

ROOT = Path(__file__).parents[4]
TABLE = ROOT / "../shared/data/schema-compatibility/avro.json"
AGREEMENT = ROOT / "reports/schema-compatibility/avro.md"

pytestmark = pytest.mark.skipif(not TABLE.is_file(), reason=f"{TABLE} is not there")


def test_every_pair_is_decided_as_the_table_says() -> None:
    pairs = json.loads(TABLE.read_text())
    decided = [decide(pair["reader"], pair["writer"]) for pair in pairs]
    AGREEMENT.parent.mkdir(parents=True, exist_ok=True)
    AGREEMENT.write_text("\n".join(lines(pairs, decided)) + "\n")
    agreed = [agrees(pair, decision) for pair, decision in zip(pairs, decided, strict=True)]
    assert len(pairs) == 69
    assert [number for number, agreement in enumerate(agreed) if not agreement] == []


def test_every_witness_is_written_by_the_writer_and_not_read_by_the_reader() -> None:
    pairs = json.loads(TABLE.read_text())
    refused = 0
    for pair in pairs:
        decision = decide(pair["reader"], pair["writer"])
        if decision.witness is not None:
            decoded(decision, pair["writer"], pair["writer"])
            with pytest.raises(
                Exception, match=r"(?i)schema mismatch|no default value|not found in reader symbol list"
            ):
                decoded(decision, pair["reader"], pair["writer"])
            refused += 1
    assert refused == sum(not pair["compatible"] for pair in pairs) > 0


def agrees(pair: dict[str, Schema], decision: Decision) -> bool:
    return decision.compatibility is (COMPATIBLE if pair["compatible"] else INCOMPATIBLE)


def lines(pairs: list[dict[str, Schema]], decided: list[Decision]) -> Iterator[str]:
    """A table in Markdown: what the public table says, what was decided, and by which event."""
    agreements = sum(map(agrees, pairs, decided))
    yield f"# Avro: {agreements} of {len(pairs)} pairs as the public table has them\n"
    yield "| pair | table | decided | rule | path | witness | refusal, or what was tried |"
    yield "|---|---|---|---|---|---|---|"
    for number, (pair, decision) in enumerate(zip(pairs, decided, strict=True)):
        said = "compatible" if pair["compatible"] else "incompatible"
        verdict = decision.compatibility.value + ("" if agrees(pair, decision) else " **(differs)**")
        witness = "" if decision.witness is None else f"`{json.dumps(decision.witness.event)}`"
        effort = f"{decision.effort.directed} events made for the differences, {decision.effort.generated} by chance"
        remark = "; ".join((effort, *decision.notes)) if decision.witness is None else decision.witness.refusal
        cells = (str(number), said, verdict, decision.rule, decision.path or "(root)", witness, remark)
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"
