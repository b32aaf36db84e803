"""Decides one pair: by a proof or a witness, and a search that checks both against the real validator."""

from __future__ import annotations

import json
from dataclasses import replace

from harness.schemas.decision import Compatibility, Decision, Json, Witness
from harness.schemas.jsonschema.budget import Budget, OutOfSteps
from harness.schemas.jsonschema.compiler import Compiler
from harness.schemas.jsonschema.document import JsonSchema
from harness.schemas.jsonschema.logic.formula import Formula, Formulas
from harness.schemas.jsonschema.logic.solution import Found, Nothing, Solution, Undecided
from harness.schemas.jsonschema.logic.solver import Solver
from harness.schemas.jsonschema.notes import notes
from harness.schemas.jsonschema.refusals import change
from harness.schemas.jsonschema.search import Search
from harness.schemas.jsonschema.validators import finds

DISPROVED = (
    "it was proved that there is no such event, and the search found it: a defect of rollproof, please report it"
)
_STEPS = 40_000
"""For the proof."""


def decide(reader: JsonSchema, writer: JsonSchema) -> Decision:
    """May the reader read whatever the writer may have written?"""
    decision = _decide(reader, writer)
    return replace(decision, notes=(*decision.notes, *notes(reader, writer)))


def _decide(reader: JsonSchema, writer: JsonSchema) -> Decision:
    try:
        if reader.draft is writer.draft and _text(reader) == _text(writer):
            return Decision(Compatibility.COMPATIBLE, "", "", "both schemas are the same")
        if reason := reader.undecidable or writer.undecidable:
            return _unknown(reason)
        return _Comparison(reader, writer).decide()
    except RecursionError:
        return _unknown("the schemas are nested too deeply")


def _text(schema: JsonSchema) -> str:
    """Whatever the order of its keys."""
    return json.dumps(schema.content, sort_keys=True)


def _unknown(reason: str) -> Decision:
    return Decision(Compatibility.UNKNOWN, "", "", reason)


class _Comparison:
    def __init__(self, reader: JsonSchema, writer: JsonSchema) -> None:
        self._reader = reader
        self._writer = writer
        self._formulas = Formulas()
        self._solver = Solver(self._formulas, Budget(_STEPS), finds)
        self._search = Search(reader.validator, writer.validator)
        self._written = Compiler(writer, self._formulas).formula()
        self._read = Compiler(reader, self._formulas).formula()

    def decide(self) -> Decision:
        unread = self._solve(self._written, self._formulas.negation(self._read))
        match unread:
            case Found(event) | Undecided(candidate=Found(event)) if self._search.is_witness(event):
                return self._incompatible(event)
        found = self._search.run(self._written, self._read, self._solver)
        if found is not None:
            decision = self._incompatible(found.value)
            return replace(decision, notes=(DISPROVED,)) if isinstance(unread, Nothing) else decision
        match unread:
            case Nothing():
                return self._compatible()
            case Undecided(reason):
                return replace(_unknown(reason), effort=self._search.effort)
            case Found():
                reason = f"the validator disagrees with the comparison about {unread.value!r:.200}"
                return replace(_unknown(reason), effort=self._search.effort)

    def _solve(self, *goal: Formula) -> Solution:
        try:
            return self._solver.solve(goal)
        except OutOfSteps as reason:
            return Undecided(str(reason))

    def _incompatible(self, event: Json) -> Decision:
        refusal = self._reader.validator.refusal(event)
        assert refusal is not None, "it was refused a moment ago"
        what = change(self._reader, self._writer, refusal)
        return Decision(
            Compatibility.INCOMPATIBLE,
            what.rule,
            what.path,
            f"the writer admits an event that the reader refuses: {refusal.message}",
            Witness(event, refusal.message),
            self._search.effort,
            writer_path=what.writer_path,
        )

    def _compatible(self) -> Decision:
        self._solver.budget.renew(_STEPS)
        effort = self._search.effort
        tried = f"{effort.directed} directed and {effort.generated} generated events were read"
        if isinstance(self._solve(self._written), Nothing):
            reason = "the writer's schema admits no event, so that there is nothing to refuse"
        else:
            reason = f"proved by cases: no event satisfies the writer's schema and not the reader's; {tried}"
        return Decision(Compatibility.COMPATIBLE, "", "", reason, effort=effort)
