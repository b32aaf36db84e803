"""Decisions as JSON, for programs."""

from __future__ import annotations

import json
from pathlib import Path

from harness.schemas.checking import Answer, Checked
from harness.schemas.decision import Decision, Json
from harness.schemas.gate import GateAnswer
from harness.schemas.pairs import PairOutcome
from harness.schemas.report.place import place_of


def pair_line(pair: PairOutcome) -> str:
    """One line of JSON; a witness that is null is told from none by a refusal that is not empty."""
    if isinstance(pair.outcome, Decision):
        return json.dumps({"index": pair.index, **_decision(pair.outcome)})
    invalid: dict[str, Json] = {"verdict": "invalid", "rule": "", "path": "", "witness": None}
    return json.dumps({"index": pair.index, **invalid, "reason": str(pair.outcome)})


def checked_document(checked: Checked) -> str:
    return json.dumps(
        {
            "format": checked.format,
            "verdict": checked.word,
            "results": [_answer(answer) for answer in checked.answers],
            "invalid": [
                {
                    "type": broken.schema.type,
                    "version": broken.schema.version,
                    "file": str(broken.schema.file),
                    "error": str(broken.error),
                }
                for broken in checked.broken
            ],
        },
        indent=2,
    )


def gate_document(answer: GateAnswer) -> str:
    return json.dumps(
        {
            "may_write": answer.word,
            "writer": str(answer.writer),
            "readers": [
                {
                    "service": str(reading.reader),
                    "type": reading.type,
                    "reads": list(reading.reads),
                    "written": reading.written,
                    **_decision(reading.decision),
                }
                for reading in answer.readings
            ],
            "unread": list(answer.unread),
        },
        indent=2,
    )


def _answer(answer: Answer) -> dict[str, Json]:
    reader, writer = answer.reader, answer.writer
    phase: dict[str, Json] = {} if answer.phase is None else {"type": reader.type, "phase": answer.phase.value}
    versions: dict[str, Json] = {} if answer.phase is None else {"reader": reader.version, "writer": writer.version}
    return {**phase, **versions, **_decision(answer.decision), **_place(answer.decision, reader.file, writer.file)}


def _decision(decision: Decision) -> dict[str, Json]:
    witness = decision.witness
    return {
        "verdict": decision.compatibility.value,
        "rule": decision.rule,
        "path": decision.path,
        "witness": None if witness is None else witness.event,
        "refusal": "" if witness is None else witness.refusal,
        "encoded_hex": "" if witness is None else witness.encoded_hex,
        "reason": decision.reason,
        "effort": {"directed": decision.effort.directed, "generated": decision.effort.generated},
        "notes": list(decision.notes),
    }


def _place(decision: Decision, reader: Path, writer: Path) -> dict[str, Json]:
    place = place_of(reader, decision.path)
    return {"reader_file": str(reader), "writer_file": str(writer), "line": place.line}
